import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock } from '../../core/ports/ports.ts'
import { parseSince } from '../../engine/reconcile/lake/since.ts'
import type { ReconcileRequest } from '../../engine/reconcile/reconcile.ts'

/* Strict: a word that is not known would be a proof of something else. */
const event = z.strictObject({
  tables: z.array(z.string().min(1)).min(1).optional(),
  sample: z.number().gt(0).lte(100).optional(),
  since: z.string().optional(),
  heal: z.boolean().default(false),
})

/** What an event asks for; `{}` for all of every table. Throws `usage/invalid`, which names the members that are wrong. */
export function reconcileRequest(given: unknown, now: Clock): ReconcileRequest {
  const parsed = event.safeParse(given ?? {})
  if (!parsed.success) {
    const wrong = parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0] ?? 'event')],
    )
    throw new PipelineError('usage/invalid', `the event: ${[...new Set(wrong)].join(', ')}`)
  }
  const { tables, sample, since, heal } = parsed.data
  if (sample !== undefined && since !== undefined)
    throw new PipelineError('usage/invalid', 'the event: sample and since exclude each other')
  if (sample !== undefined) return { tables, heal, scope: { kind: 'sample', percent: sample } }
  if (since !== undefined) return { tables, heal, scope: { kind: 'since', since: parseSince(since, now) } }
  return { tables, heal, scope: { kind: 'all' } }
}
