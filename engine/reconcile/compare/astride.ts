import type { Probe } from './probe.ts'

/* A commit takes its time a moment before its record has a place in the log, and clocks of two machines are apart. */
const MARGIN_MS = 10_000

/**
 * Of the keys that differ those that a transaction may have changed astride the compared position: its change lies
 * before it, its commit after. Where a position is the change's own and not its commit's, the lake counts such a change
 * and the snapshot does not. A snapshot that is begun now has its commit.
 */
export function astride({ sides, found }: Probe, begunAt: number): Promise<readonly string[]> {
  const keys = found.differences.map(({ key }) => key)
  const since = { kind: 'time', at: begunAt - MARGIN_MS } as const
  return sides.lake.changedAmong(keys, sides.lake.asOf, since)
}

/**
 * Of the keys that differ those with a change that was committed after the last load began and yet ranks below it: its
 * transaction was open then, so the load did not read it, and the load's rows outrank it.
 */
export async function outranked({ sides, found }: Probe): Promise<readonly string[]> {
  const load = sides.lake.loadedSince
  if (load === undefined) return []
  const keys = found.differences.map(({ key }) => key)
  return sides.lake.changedAmong(keys, load.position, { kind: 'time', at: load.at - MARGIN_MS })
}
