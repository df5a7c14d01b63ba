import * as z from 'zod'
import type { Documents } from '../../core/ports/documents.ts'
import { ReplayDocuments, replayedFile, replayFields } from '../../state/documents/replay-documents.ts'

const replayState = z.object({
  ...replayFields,
  from: z.string().nullable(),
  to: z.string().nullable(),
  state: z.enum(['running', 'complete', 'abandoned']),
  /** Pages of the raw store when it began, or last went on: later ones are formatted with this contract anyway. */
  rawPages: z.number().int(),
  /** Pages of the table in the range that are done, of `pages`. */
  done: z.number().int(),
  pages: z.number().int(),
  /** Files of the table's newest load that are landed again. */
  loadFiles: z.number().int(),
  /** Of those, the rows that the contract took and refused. */
  landedAgain: z.array(
    z.object({
      key: z.string(),
      rows: z.number().int(),
      landed: z.number().int(),
      refused: z.number().int(),
    }),
  ),
  files: z.array(replayedFile),
})
/** How far a replay on a machine is. */
export type ReplayState = z.infer<typeof replayState>
export type ReplayStates = ReplayDocuments<ReplayState>

export function replayStates(documents: Documents): ReplayStates {
  return new ReplayDocuments(documents, replayState)
}
