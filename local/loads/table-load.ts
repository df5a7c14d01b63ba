import type { TableLoad } from '../../core/load/load.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'

/** A table at the beginning of a load. */
export function newTableLoad(source: SourceTable, estimatedRows: number | null): TableLoad {
  return {
    ...{ table: sourceTableName(source), state: 'started', oid: source.oid, position: null, estimatedRows },
    ...{ rows: 0, bytes: 0, isRead: false, files: [], failure: null, startedAt: null, endedAt: null },
  }
}

/**
 * A table of a load that goes on. It is read again: after a failure its files are not to be trusted, and since it was
 * cancelled a newer load may have taken them away, or its position may be before the newest floor.
 */
export function reopenedTableLoad(table: TableLoad): TableLoad {
  if (table.state !== 'failed' && table.state !== 'cancelled') return table
  return { ...table, state: 'started', isRead: false, failure: null, endedAt: null }
}
