import type { Table } from '../../core/contract/language/table.ts'
import { replayFileName } from '../../core/replay/replay.ts'
import { catalogTable } from '../../glue/catalog-table.ts'

/** Where a replay is. */
export interface ReplayPlace {
  readonly revision: number
  /** Day of the partition that its files are in. */
  readonly ingestDate: string
  /** Pages that are done. */
  readonly done: number
}

/** Key of the file that the next chunk of a replay makes. */
export function replayFileKey({ revision, ingestDate, done }: ReplayPlace, table: Table): string {
  const name = `${replayFileName(revision)}${String(done).padStart(8, '0')}.parquet`
  return `${catalogTable(table).location}/ingest_date=${ingestDate}/${name}`
}
