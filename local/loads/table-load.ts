import type { TableLoad } from '../../core/load.ts'
import type { SourceTable } from '../replicator/source-catalog.ts'

/** A table at the beginning of a load. */
export function newTableLoad({ schema, name, oid }: SourceTable, estimatedRows: number | null): TableLoad {
  return {
    ...{ table: `${schema}.${name}`, state: 'started', oid, position: null, estimatedRows },
    ...{ rows: 0, bytes: 0, isRead: false, files: [], failure: null, startedAt: null, endedAt: null },
  }
}

/** A table of a load that goes on. After a failure its files are not to be trusted: it is read again. */
export function reopenedTableLoad(table: TableLoad): TableLoad {
  if (table.state !== 'failed' && table.state !== 'cancelled') return table
  const isRead = table.isRead && table.failure === null
  return { ...table, state: 'started', isRead, failure: null, endedAt: null }
}
