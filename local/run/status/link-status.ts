import * as z from 'zod'
import { PipelineError } from '../../../core/failures/failures.ts'
import { storageFailure } from '../../../core/failures/storage-failure.ts'
import type { LinkState } from '../../pipeline/source-link.ts'

const instant = z.string().nullable()
const failure = z.object({ code: z.string(), message: z.string() })

/** The way to the source, as `LinkState`, with instants as text. */
export const linkStatus = z.object({
  state: z.enum(['starting', 'reading', 'waiting']),
  since: z.string(),
  heardAt: instant,
  lost: z.number(),
  retryAt: instant,
  failure: failure.nullable(),
  standbySince: instant,
})
export type LinkStatus = z.infer<typeof linkStatus>

/** How a run ended: without a failure when it was told to. */
export const runEnd = z.object({ at: z.string(), failure: failure.nullable() })
export type RunEnd = z.infer<typeof runEnd>

export function toLinkStatus(link: LinkState): LinkStatus {
  return {
    ...link,
    since: iso(link.since),
    heardAt: link.heardAt === null ? null : iso(link.heardAt),
    retryAt: link.retryAt === null ? null : iso(link.retryAt),
    standbySince: link.standbySince === null ? null : iso(link.standbySince),
  }
}

/** The end of a run that failed with `error`, or of one that was stopped when there is none. */
export function runEndOf(at: number, thrown: unknown): RunEnd {
  if (thrown === undefined) return { at: iso(at), failure: null }
  const error = storageFailure(thrown) ?? thrown
  const isNamed = error instanceof PipelineError
  /* An unknown error may hold anything; the run has printed it. */
  const message = isNamed ? error.message : 'an unknown error: see the output of the run'
  return { at: iso(at), failure: { code: isNamed ? error.code : 'internal', message } }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
