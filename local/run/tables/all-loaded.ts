import { setTimeout as sleep } from 'node:timers/promises'
import { isOver, loadState } from '../../../core/load/load.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import type { LoadRunner } from '../../loads/load-runner.ts'
import type { SourceRun } from '../../pipeline/source-run.ts'
import type { RunState } from '../../state/run-state.ts'
import { restAfter } from '../status/rest-after.ts'
import type { SourceWatch } from './watch-source.ts'

const PACE = { everyMs: 50, share: 0.02, mostMs: 1_000 }

interface Loading {
  readonly state: RunState
  readonly run: SourceRun
  readonly loads: LoadRunner
  readonly watch: SourceWatch
  readonly sources: () => readonly SourceTable[]
}

/**
 * Resolves when every table has its load, those that are due again included. Not waited for are those that were added
 * without a load, or whose load failed: that is not tried again before the next start.
 */
export async function allLoaded(
  { state, run, loads, watch, sources }: Loading,
  signal: AbortSignal,
): Promise<void> {
  const areLoaded = () => {
    /* Whether the newest load of each table is over. */
    const newest = new Map<string, boolean>()
    for (const load of loads.loads()) {
      const isOverNow = isOver(loadState(load))
      for (const { table } of load.tables) newest.set(table, isOverNow)
    }
    return sources().every((table) => {
      const name = sourceTableName(table)
      const load = state.data.loads[name]
      const isOverNow = newest.get(name)
      if (load !== undefined && load.state !== 'waiting')
        return load.oid === table.oid && (load.stale === undefined || isOverNow !== false)
      return run.hasAskedLoads && isOverNow === true
    })
  }
  for (;;) {
    const startedAt = performance.now()
    if (watch.hasLooked && areLoaded()) return
    signal.throwIfAborted()
    await sleep(restAfter(performance.now() - startedAt, PACE))
  }
}
