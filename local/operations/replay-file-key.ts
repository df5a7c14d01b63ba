import type { Table } from '../../core/contract/table.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import type { ReplayState } from './replay-ledger.ts'

/** Key of the file that the next chunk of a replay makes. */
export function replayFileKey({ revision, ingestDate, done }: ReplayState, table: Table): string {
  const name = `replay-r${String(revision).padStart(6, '0')}-${String(done).padStart(8, '0')}.parquet`
  return `${catalogTable(table).location}/ingest_date=${ingestDate}/${name}`
}
