import { isSameOrNone } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { PositionRange, Quarantine, WaitingEntry } from '../../core/ports/ports.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'
import { changeOfEntry } from '../../formatters/change-of-entry.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import type { Route } from '../../formatters/route.ts'

const BATCH = 1_000
/* As the replay wrote it; with the longest revision, so that what is released is surely in its files. */
const OPTIONS = {
  maxBlockBytes: MAX_ROW_JSON_BYTES,
  revision: 2 ** 31 - 1,
  origin: { origin: 'replay' } as const,
}

/**
 * Releases the changes that a contract had refused and takes now, after a replay with it: they are in what it wrote,
 * for every change that format refuses is in the raw store. Running it again changes nothing.
 */
export async function releaseAccepted(
  route: Route,
  { from = '', to = '~' }: PositionRange,
  quarantine: Pick<Quarantine, 'list' | 'release'>,
): Promise<void> {
  const { table } = route
  let ids: string[] = []
  const isAccepted = (entry: WaitingEntry) =>
    entry.stage === 'format' &&
    isSameOrNone(entry.contract, table) &&
    entry.position !== null &&
    entry.position >= from &&
    entry.position <= to &&
    isTaken(entry, route)
  for await (const entry of quarantine.list({ table: table.source.table })) {
    if (isAccepted(entry)) ids.push(entry.id)
    if (ids.length < BATCH) continue
    await quarantine.release(ids, 'redriven')
    ids = []
  }
  if (ids.length > 0) await quarantine.release(ids, 'redriven')
}

/* A payload that cannot be read waits on, and is reported by a redrive. */
function isTaken(entry: WaitingEntry, route: Route): boolean {
  try {
    return formatChanges([changeOfEntry(entry)], [route], OPTIONS).refused.length === 0
  } catch (error) {
    if (error instanceof PipelineError) return false
    throw error
  }
}
