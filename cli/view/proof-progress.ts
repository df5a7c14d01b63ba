import { count } from '../../core/amount-text.ts'
import type { TableProof } from '../../engine/reconcile/proof.ts'
import type { Output } from '../terminal/output.ts'

/* What is over before somebody asks for it needs no line. */
const SHOWN_MS = 1_000

/** Says of each table whose comparison took a second or more how many rows it had and how fast they were compared, once it is over. */
export function proofProgress(output: Pick<Output, 'progress'>): (proof: TableProof) => void {
  return ({ table, sourceRows, ms }) => {
    if (ms >= SHOWN_MS)
      output.progress(
        `compared ${table}: ${count(sourceRows)} rows in ${(ms / 1_000).toFixed(1)} s, ${count(rowsPerSecond({ sourceRows, ms }))} rows/s`,
      )
  }
}

/** Rows of the source that were compared in a second. */
export function rowsPerSecond({ sourceRows, ms }: Pick<TableProof, 'sourceRows' | 'ms'>): number {
  return Math.round((sourceRows / Math.max(ms, 1)) * 1_000)
}
