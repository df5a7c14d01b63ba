import * as z from 'zod'
import { type FailureCode, failures } from '../../core/failures/failures.ts'

const code = z.custom<FailureCode>((value) => typeof value === 'string' && Object.hasOwn(failures, value))

const arrival = z.object({
  kind: z.literal('entry'),
  since: z.string(),
  id: z.string(),
  stage: z.enum(['capture', 'format', 'landing']),
  table: z.string().nullable(),
  contract: z.string().nullable(),
  position: z.string().nullable(),
  reasons: z.array(z.object({ code, path: z.string(), message: z.string() })),
  encoding: z.enum(['json', 'base64']),
})
const departure = z.object({
  kind: z.literal('left'),
  at: z.string(),
  how: z.enum(['redriven', 'expired']),
  ids: z.array(z.string()),
})
/* At the begin of a log that a purge wrote. */
const carried = z.object({
  kind: z.literal('carried'),
  left: z.array(
    z.object({
      table: z.string(),
      contract: z.string().nullable(),
      redriven: z.number().int(),
      expired: z.number().int(),
    }),
  ),
})

/** Headers of a quarantine log: an entry that came, ids that left, counts of those that left an earlier log. */
export const frameHeader = z.discriminatedUnion('kind', [arrival, departure, carried])
export type FrameHeader = z.infer<typeof frameHeader>
export type Arrival = z.infer<typeof arrival>
