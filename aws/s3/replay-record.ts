import * as z from 'zod'
import type { Documents } from '../../core/ports/documents.ts'
import { ReplayDocuments, replayedFile, replayFields } from '../../state/documents/replay-documents.ts'

const replayRecord = z.object({
  ...replayFields,
  /** `leaving`: it is given up, and its files are being deleted. */
  state: z.enum(['running', 'complete', 'leaving', 'abandoned']),
  /** Key of the last page that is done. */
  after: z.string().nullable(),
  /** Of the first page: where it begins, and when its last change was committed, ISO 8601 UTC. */
  from: z.string().nullable(),
  since: z.string().nullable(),
  /** Pages that are done. */
  done: z.number().int(),
  /** With the positions of their pages. */
  files: z.array(replayedFile.extend({ first: z.string(), last: z.string() })),
})
/** How far a replay on AWS is. */
export type ReplayRecord = z.infer<typeof replayRecord>
export type ReplayRecords = ReplayDocuments<ReplayRecord>

export function replayRecords(documents: Documents): ReplayRecords {
  return new ReplayDocuments(documents, replayRecord)
}
