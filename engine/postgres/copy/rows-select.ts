import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'

/**
 * SQL of every row of a table, after columns of other expressions: a root's rows include its partitions', a parent's not
 * its children's.
 */
export function rowsSelect(table: SourceTable, before: readonly string[] = []): string {
  const columns = [...before, ...table.columns.map(({ name }) => quoteIdentifier(name))].join(', ')
  return `SELECT ${columns} FROM ${table.isPartitioned ? '' : 'ONLY '}${quoteTable(table)}`
}
