import { ageText, plural } from '../../core/amount-text.ts'
import type { RunStatus } from '../../local/run/status/run-status.ts'
import { type Output, paint } from '../terminal/output.ts'

/** Who looks at a status, and when. */
export interface Looking {
  readonly isRunning: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What can be said of the source behind a status. */
export interface SourceWord {
  /** Whether the run hears the source: only then can the lake be current. */
  readonly isHeard: boolean
  /** Whether somebody should look: not so when the run was stopped. */
  readonly isFault: boolean
  readonly lines: readonly string[]
}

/* A stream that is well asks for an answer every ten seconds; a run that is well writes its status every second. */
const SILENCE_MS = 25_000
const STALE_MS = 15_000

/** Judges the way to the source: a status of a run that has died, hangs, or hears nothing says so. */
export function sourceWord(status: RunStatus, { isRunning, now }: Looking, output: Output): SourceWord {
  const { link, ended, at } = status
  const old = (text: string) => `${ageText(Math.max(now - Date.parse(text), 0))} ago`
  const fault = (text: string): SourceWord => ({
    isHeard: false,
    isFault: true,
    lines: [`${paint(output, 'red', 'source')} ${text}`],
  })
  /* A status of a version that did not keep it. */
  if (link === null) return { isHeard: isRunning, isFault: false, lines: [] }
  if (!isRunning) {
    if (ended === null) return fault(`the run ended without a word, ${old(at)}: start it again`)
    if (ended.failure === null) return { isHeard: false, isFault: false, lines: [] }
    return fault(`the run ended ${old(ended.at)}: ${ended.failure.code}: ${ended.failure.message}`)
  }
  if (now - Date.parse(at) > STALE_MS) return fault(`the run has said nothing since ${at}, ${old(at)}`)
  const { state, since, failure, retryAt, heardAt, standbySince, lost } = link
  if (state === 'waiting')
    return fault(
      `away since ${since}, ${old(since)}: ${failure?.code}: ${failure?.message}; ${nextTry(retryAt, now)}`,
    )
  if (state === 'starting') return { isHeard: false, isFault: false, lines: [] }
  if (heardAt !== null && now - Date.parse(heardAt) > SILENCE_MS)
    return fault(`nothing was heard since ${heardAt}, ${old(heardAt)}`)
  if (standbySince !== null)
    return fault(
      `waits since ${standbySince} for a standby (synchronized_standby_slots): it sends again when the standby has the changes`,
    )
  const again =
    lost === 0 ? [] : [`source read again since ${since}, after ${plural(lost, 'lost connection')}`]
  return { isHeard: true, isFault: false, lines: again }
}

function nextTry(at: string | null, now: number): string {
  return at === null || Date.parse(at) <= now ? 'it is tried now' : `tried again at ${at}`
}
