import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'

/** A table as a publication names it: a parent without the tables that inherit from it, each of which is one of its own. */
export function publishedName(table: SourceTable): string {
  return table.isPartitioned ? quoteTable(table) : `ONLY ${quoteTable(table)}`
}

/**
 * The statements, each without its semicolon, that add tables to a publication. They are added under a lock that their
 * writers wait for, at most `lockMs` for those that have begun before: before PostgreSQL 13.21, 14.18, 15.13, 16.9 and 17.5 a
 * transaction that writes a table while it is added makes the decoder forget that it was.
 */
export function addingStatements(
  publication: string,
  tables: readonly SourceTable[],
  lockMs = 2_000,
): readonly string[] {
  const list = tables.map(publishedName).join(', ')
  return [
    'BEGIN',
    `SET LOCAL lock_timeout = ${lockMs}`,
    `LOCK TABLE ${list} IN SHARE ROW EXCLUSIVE MODE`,
    `ALTER PUBLICATION ${quoteIdentifier(publication)} ADD TABLE ${list}`,
    'COMMIT',
  ]
}
