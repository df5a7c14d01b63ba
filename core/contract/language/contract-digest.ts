import { hash } from 'node:crypto'
import * as z from 'zod'
import type { Table } from './table.ts'
import { printTableVersion } from './table-version.ts'

/** What makes the rows of a contract: two contracts of one digest give the same rows, as far as a `check` can be told by its JSON Schema. */
export function contractDigest(table: Table): string {
  const text = JSON.stringify(table, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value)
    return value instanceof z.ZodType ? z.toJSONSchema(value, { unrepresentable: 'any' }) : value
  })
  return hash('sha256', text).slice(0, 16)
}

/** Digests by `name vN`: what a command sends along, so that a pipeline with an older contract does not answer for it. */
export function contractDigests(tables: readonly Table[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tables.map((table) => [printTableVersion(table), contractDigest(table)]))
}
