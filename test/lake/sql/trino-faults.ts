import { TrinoSQL } from 'dt-sql-parser/dist/parser/trino/index.js'

const parser = new TrinoSQL()

/** What Trino's grammar finds wrong in a statement, by line; nothing when it parses. Names and types are not checked. */
export function trinoFaults(sql: string): readonly string[] {
  return parser.validate(`${sql};`).map(({ startLine, message }) => `${startLine}: ${message}`)
}
