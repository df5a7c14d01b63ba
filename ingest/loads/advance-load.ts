import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type Load, loadPrefix, type TableLoad } from '../../core/load/load.ts'
import type { LoadTask } from '../../core/load/load-task.ts'
import { isInWindow, parseWindow } from '../../core/load/quiet-window.ts'
import type { Catalog, Clock, ObjectStore } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { advanceTable, type FileResult, runOf } from './advance-table.ts'
import { completeTable } from './complete-table.ts'
import { begun, failed, placed } from './table-steps.ts'

type TableStep = (table: TableLoad) => TableLoad

export interface AdvanceLoadDeps {
  readonly task: LoadTask
  readonly objects: Pick<ObjectStore, 'list'>
  /** What was landed, or set aside, of a load. */
  readonly results: (load: Load) => Promise<readonly FileResult[]>
  /** Where the rows of a load rank whose reading begins after the call. */
  readonly place: (load: Load) => Promise<Position>
  readonly catalog: Pick<Catalog, 'addFloor'>
  /** Takes away what has no use any more once a table is complete. May fail. */
  readonly tidy: (load: Load, table: TableLoad) => Promise<void>
  /** Whether no other load is being read. */
  readonly isFree: boolean
  readonly save: (load: Load) => Promise<void>
  readonly now: Clock
}

/**
 * Takes a load that a task reads as far as it can go now, and saves each step before the next one: begun as of the
 * place that capture had reached before it, read, landed, audited, complete. A table becomes complete when every file of
 * it has landed and they have every row that was read; then its position is its floor. Calling it again from any step on
 * changes nothing twice.
 */
export async function advanceLoad(given: Load, deps: AdvanceLoadDeps): Promise<Load> {
  let load = given
  const save = async (change: Partial<Load>) => {
    load = { ...load, ...change }
    await deps.save(load)
  }
  const keep = (step: TableStep) => save({ tables: load.tables.map(step) })
  if (load.tables.every(({ state }) => isOver(state))) return load
  if (load.tables.some(({ state }) => state === 'started')) {
    const step = await begin(load, deps, save)
    if (step === undefined) return load
    await keep(ofWaiting(step))
  }
  const isUnread = load.tables.some(({ state, isRead }) => !isOver(state) && !isRead)
  const look = isUnread ? await deps.task.look() : undefined
  const read = isUnread ? await deps.task.tables() : new Map()
  const results = await deps.results(load)
  for (const table of load.tables.filter(({ state }) => !isOver(state))) {
    const prefix = `${loadPrefix(load.id, table.table)}/`
    const keepThis = (step: TableLoad) => keep((one) => (one.table === table.table ? step : one))
    const after = advanceTable(table, {
      run: look === undefined ? undefined : runOf(load, look),
      read: read.get(table.table),
      keys: await deps.objects.list(prefix),
      results: results.filter(({ file }) => file.key.startsWith(prefix)),
      now: deps.now(),
    })
    if (after !== table) await keepThis(after)
    if (after.state !== 'audited') continue
    const settle = () => deps.tidy(load, after)
    await keepThis(await completeTable(after, { ...deps, isPlaceUnsure: true, settle }))
  }
  return load
}

/* What its tables that have not begun become; undefined while they wait. */
async function begin(
  load: Load,
  deps: AdvanceLoadDeps,
  save: (change: Partial<Load>) => Promise<void>,
): Promise<TableStep | undefined> {
  try {
    return (await hasBegun(load, deps, save)) ? begun : undefined
  } catch (error) {
    if (!(error instanceof PipelineError) || error.action !== 'halt') throw error
    return (table) => failed(table, error, deps.now())
  }
}

function ofWaiting(step: TableStep): TableStep {
  return (table) => (table.state === 'started' ? step(table) : table)
}

/* Whether the task has begun since a step that was cut off says its run, and not a clock of ours. */
async function hasBegun(
  load: Load,
  { task, place, isFree, now }: AdvanceLoadDeps,
  save: (change: Partial<Load>) => Promise<void>,
): Promise<boolean> {
  const look = await task.look()
  if (load.runBefore === undefined) {
    if (!isFree || look.isBusy) return false
    if (load.window !== null && !isInWindow(parseWindow(load.window), now())) return false
    /* Before the reading: every later change outranks the rows, every earlier one is in them. */
    const begins = { position: await place(load), now: now() }
    const tables = load.tables.map(ofWaiting((table) => placed(table, begins)))
    await save({ runBefore: look.run, tables })
  } else if (look.load === load.id && (look.isBusy || look.run !== load.runBefore)) return true
  else if (look.isBusy) return false
  const names = load.tables.filter(({ state }) => !isOver(state)).map(({ table }) => table)
  await task.begin(load.id, names)
  return true
}
