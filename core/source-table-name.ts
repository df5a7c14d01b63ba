import { PipelineError } from './failures/failures.ts'

/** A table of a source, as the source names it. */
export interface SourceTableName {
  readonly schema: string
  readonly name: string
}

/**
 * The one text of a source table: `schema.table`, a part that holds a dot, a quote or a star in double quotes as SQL
 * writes it (`"app.v2".users`). No two tables have the same text, and `splitTableName` reads it back.
 */
export function sourceTableName({ schema, name }: SourceTableName): string {
  return `${part(schema)}.${part(name)}`
}

/** Reads what `sourceTableName` writes. Throws `usage/invalid` for a text that names no schema and table, or more. */
export function splitTableName(text: string): SourceTableName {
  const found = parseTableName(text)
  if (found === undefined)
    throw new PipelineError(
      'usage/invalid',
      `${text} is not schema.table; a part with a dot, a quote or a star is written in double quotes: "app.v2".users`,
    )
  return found
}

/** The same; undefined for any other text. */
export function parseTableName(text: string): SourceTableName | undefined {
  const found = /^("(?:[^"]|"")+"|[^".]+)\.("(?:[^"]|"")+"|[^".]+)$/su.exec(text)
  if (found === null) return undefined
  const [, schema = '', name = ''] = found
  return { schema: unquoted(schema), name: unquoted(name) }
}

function part(name: string): string {
  return /[".*]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text
}
