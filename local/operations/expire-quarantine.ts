import type { ExpiryResult } from '../../core/operations/answers.ts'
import type { Clock, Quarantine } from '../../core/ports/ports.ts'

const BATCH = 1_000

/** Ends the time of entries that wait longer than `olderThanMs`: they leave, and their payloads are removed from disk. */
export async function expireQuarantine(
  quarantine: Pick<Quarantine, 'list' | 'release' | 'purge'>,
  options: { readonly olderThanMs: number; readonly isDryRun: boolean; readonly now: Clock },
): Promise<ExpiryResult> {
  const limit = new Date(options.now() - options.olderThanMs).toISOString()
  const old: string[] = []
  let considered = 0
  for await (const { id, since } of quarantine.list()) {
    considered += 1
    if (since <= limit) old.push(id)
  }
  if (!options.isDryRun) {
    for (let at = 0; at < old.length; at += BATCH)
      await quarantine.release(old.slice(at, at + BATCH), 'expired')
    await quarantine.purge()
  }
  return { considered, expired: old.length }
}
