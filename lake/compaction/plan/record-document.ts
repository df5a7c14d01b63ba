import * as z from 'zod'
import type { CompactionFailure, CompactionRecord } from './compaction-ledger.ts'

/** A compaction record as a file or an object holds it: JSON. */
export const recordDocument = z.object({
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  builds: z.array(z.object({ build: z.number().int(), floor: z.string().nullable() })),
  historySince: z.string().nullable(),
  retired: z.array(
    z.object({
      key: z.string(),
      build: z.number().int(),
      at: z.number(),
      reason: z.enum(['replaced', 'merged', 'past']),
    }),
  ),
  begunAt: z.number().nullable().default(null),
  foldedAt: z.number().nullable().default(null),
  failure: z
    .object({
      at: z.number(),
      code: z.custom<CompactionFailure['code']>((code) => typeof code === 'string'),
      message: z.string(),
    })
    .nullable()
    .default(null),
})

export function documentOf(record: CompactionRecord): z.input<typeof recordDocument> {
  return { format: 1, ...record, builds: [...record.builds], retired: [...record.retired] }
}
