import type { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type Load, loadState } from '../../core/load/load.ts'
import type { StackLoads } from '../../core/operations/answers.ts'
import { loadsRequest, type StartRequest, startRequest } from '../../core/operations/stack-requests.ts'
import { sourceTableName, splitTableName } from '../../core/source-table-name.ts'
import { chosenTables } from '../../engine/postgres/catalog/table-pattern.ts'
import { type AdvanceLoadDeps, advanceLoad } from '../../ingest/loads/advance-load.ts'
import {
  cancelledLoad,
  type Estimates,
  leftTables,
  loadOf,
  newLoad,
  newLoadId,
  plannedTables,
} from '../../ingest/loads/list-of-loads.ts'
import type { LoadDocuments } from '../../state/documents/load-documents.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface LoadsDeps extends Omit<AdvanceLoadDeps, 'results' | 'save' | 'now' | 'isFree' | 'task'> {
  readonly task: AdvanceLoadDeps['task'] & Pick<DmsLoadTask, 'plan'>
  readonly stage: LambdaStage
  readonly ledger: LoadDocuments
  /** Source tables that contracts read. */
  readonly sources: readonly string[]
  /** Rows of source tables, where something tells: a load before, or the lake. */
  readonly estimates: (tables: readonly string[]) => Promise<Estimates>
}

/**
 * Takes every load that is not over a step on, and before it does what was asked: `{}` from the schedule, `{"start": …}`,
 * `{"resume": id}`, `{"cancel": id}`; `{"status": true}` and `{"plan": …}` change nothing. It is the only one that writes loads, so
 * one call runs at a time. Throws ZodError for another event, `load/busy`, `load/not-found`, `source/no-tables`.
 */
export async function loadsEvent(event: unknown, deps: LoadsDeps): Promise<StackLoads> {
  const asked = loadsRequest.parse(event)
  const known = await deps.ledger.all()
  if ('status' in asked) return answerOf(known)
  if ('plan' in asked) return { loads: [], plan: await planOf(asked.plan.tables, deps) }
  if ('cancel' in asked) return answerOf([await cancel(loadOf(asked.cancel, known), deps)])
  const wish = startRequest.safeParse(asked)
  const begun = wish.success ? await begin(wish.data, known, deps) : undefined
  const now = new Map((begun === undefined ? known : [...known, begun]).map((load) => [load.id, load]))
  const open = [...now.values()].filter(({ tables }) => !tables.every(({ state }) => isOver(state)))
  for (const load of open) {
    if (deps.stage.isOver) break
    const isFree = ![...now.values()].some((other) => other.id !== load.id && holdsTask(other))
    now.set(load.id, await advance(load, isFree, deps))
  }
  return answerOf((begun === undefined ? open : [begun]).map((load) => now.get(load.id) ?? load))
}

/* Of the task's tables the statistics are the newest run's only: nobody else begins before they were read. */
function holdsTask({ runBefore, tables }: Load): boolean {
  return runBefore !== undefined && tables.some(({ state, isRead }) => !isOver(state) && !isRead)
}

/* An answer of a function has 6 MB at most, and a large load thousands of files. */
function answerOf(loads: readonly Load[]): StackLoads {
  const light = loads.map((load) => ({
    ...load,
    tables: load.tables.map((table) => ({ ...table, files: [] })),
  }))
  return { loads: light, plan: null }
}

async function planOf(
  patterns: readonly string[],
  { sources, estimates, task, stage }: LoadsDeps,
): Promise<StackLoads['plan']> {
  const names = chosen(patterns, sources)
  const tables = plannedTables(names, await estimates(names))
  return { tables, calls: await task.plan(newLoadId(stage.now()), names) }
}

async function begin(
  asked: StartRequest,
  known: readonly Load[],
  { ledger, sources, stage, estimates }: LoadsDeps,
): Promise<Load> {
  const tables =
    'start' in asked
      ? chosen(asked.start.tables, sources)
      : leftTables(loadOf(asked.resume, known)).map(({ table }) => table)
  const window = 'start' in asked ? asked.start.window : null
  if (tables.length === 0) throw new PipelineError('usage/invalid', 'every table of the load is complete')
  const rows = await estimates(tables)
  const load = newLoad({ id: newLoadId(stage.now()), tables, window, estimates: rows }, known, stage.now())
  await ledger.save(load)
  stage.log.info('load.started', { load: load.id, tables: tables.length })
  return load
}

/* One load that cannot go on does not keep the others. */
async function advance(load: Load, isFree: boolean, deps: LoadsDeps): Promise<Load> {
  const { stage, ledger } = deps
  let last = load
  try {
    const after = await advanceLoad(load, {
      ...deps,
      isFree,
      now: stage.now,
      results: (now) => ledger.results(now),
      save: (now) => {
        last = now
        return ledger.save(now)
      },
    })
    for (const { table, state, failure } of after.tables) {
      const before = load.tables.find((one) => one.table === table)?.state
      if (state === before) continue
      stage.log.info('load.table', { load: load.id, table, state, code: failure?.code ?? '' })
      if (state === 'complete' || state === 'failed') stage.metrics.count(state, 1, table)
    }
    return after
  } catch (error) {
    stage.failed(error, { load: load.id })
    return last
  }
}

async function cancel(load: Load, { ledger, task, stage }: LoadsDeps): Promise<Load> {
  if (isOver(loadState(load))) return load
  const look = await task.look()
  if (look.load === load.id && look.isBusy) await task.stop()
  const cancelled = cancelledLoad(load, stage.now())
  await ledger.save(cancelled)
  return cancelled
}

function chosen(patterns: readonly string[], sources: readonly string[]): readonly string[] {
  const tables = chosenTables(patterns, sources.map(splitTableName), 'a contract reads')
  return tables.map(sourceTableName).toSorted()
}
