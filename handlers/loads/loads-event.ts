import * as z from 'zod'
import type { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { PipelineError } from '../../core/failures.ts'
import { isOver, type Load, loadState } from '../../core/load.ts'
import { type AdvanceLoadDeps, advanceLoad, newLoad } from '../../ingest/advance-load.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface LoadsDeps extends Omit<AdvanceLoadDeps, 'results' | 'save' | 'now'> {
  readonly stage: LambdaStage
  readonly ledger: ObjectLoadLedger
  /** Source tables that contracts read. */
  readonly sources: readonly string[]
  /** A new id each time; also a folder. */
  readonly newId: () => string
}

const id = z.string().regex(/^[A-Za-z0-9-]{1,64}$/)
const names = z.array(z.string()).min(1).max(1_000)
const startRequest = z.union([
  z.strictObject({ start: z.strictObject({ tables: names, window: z.string().nullable() }) }),
  z.strictObject({ resume: id }),
])
const request = z.union([
  startRequest,
  z.strictObject({ plan: z.strictObject({ tables: names }) }),
  z.strictObject({ cancel: id }),
  z.strictObject({ status: z.literal(true) }),
  z.strictObject({}),
])

/** What was asked for: loads as they are now, or for a plan the tables. */
export interface LoadsAnswer {
  readonly loads: readonly Load[]
  readonly tables: readonly string[]
}

/**
 * Takes every load that is not over a step on, and before it does what was asked: `{}` from the schedule, `{"start": …}`,
 * `{"resume": id}`, `{"cancel": id}`; `{"status": true}` and `{"plan": …}` change nothing. It is the only one that writes loads, so
 * one call runs at a time. Throws ZodError for another event, `load/busy`, `load/not-found`, `source/no-tables`.
 */
export async function loadsEvent(event: unknown, deps: LoadsDeps): Promise<LoadsAnswer> {
  const asked = request.parse(event)
  const known = await deps.ledger.all()
  if ('status' in asked) return { loads: known, tables: [] }
  if ('plan' in asked) return { loads: [], tables: chosen(asked.plan.tables, deps.sources) }
  if ('cancel' in asked) return { loads: [await cancel(found(asked.cancel, known), deps)], tables: [] }
  const wish = startRequest.safeParse(asked)
  const begun = wish.success ? await begin(wish.data, known, deps) : undefined
  const loads: Load[] = []
  for (const load of begun === undefined ? known : [...known, begun]) {
    const isDone = load.tables.every(({ state }) => isOver(state))
    const after = isDone || deps.stage.isOver ? load : await advance(load, deps)
    if (begun === undefined ? !isDone : load.id === begun.id) loads.push(after)
  }
  return { loads, tables: [] }
}

async function begin(
  asked:
    | { readonly start: { tables: readonly string[]; window: string | null } }
    | { readonly resume: string },
  known: readonly Load[],
  { ledger, sources, newId, stage }: LoadsDeps,
): Promise<Load> {
  const tables =
    'start' in asked
      ? chosen(asked.start.tables, sources)
      : left(found(asked.resume, known)).map(({ table }) => table)
  const window = 'start' in asked ? asked.start.window : null
  if (tables.length === 0) throw new PipelineError('usage/invalid', 'every table of the load is complete')
  const load = newLoad({ id: newId(), tables, window }, known, stage.now())
  await ledger.save(load)
  stage.log.info('load.started', { load: load.id, tables: tables.length })
  return load
}

/* One load that cannot go on does not keep the others. */
async function advance(load: Load, deps: LoadsDeps): Promise<Load> {
  const { stage, ledger } = deps
  try {
    const after = await stage.part(load.id, () =>
      advanceLoad(load, {
        ...deps,
        now: stage.now,
        results: (name) => ledger.results(name),
        save: (now) => ledger.save(now),
      }),
    )
    for (const { table, state, failure } of after.tables) {
      const before = load.tables.find((one) => one.table === table)?.state
      if (state === before) continue
      stage.log.info('load.table', { load: load.id, table, state, code: failure?.code ?? '' })
      if (state === 'complete' || state === 'failed') stage.metrics.count(state, 1, table)
    }
    return after
  } catch (error) {
    stage.failed(error, { load: load.id })
    return load
  }
}

async function cancel(load: Load, { ledger, task, stage }: LoadsDeps): Promise<Load> {
  if (isOver(loadState(load))) return load
  if (await task.isReading(load.id)) await task.stop()
  const endedAt = new Date(stage.now()).toISOString()
  const cancelled = {
    ...load,
    tables: load.tables.map((table) =>
      isOver(table.state) ? table : { ...table, state: 'cancelled' as const, endedAt },
    ),
  }
  await ledger.save(cancelled)
  return cancelled
}

function found(id: string, known: readonly Load[]): Load {
  const load = known.find((one) => one.id === id)
  if (load === undefined) throw new PipelineError('load/not-found', `no load ${id}`)
  return load
}

function left({ tables }: Load) {
  return tables.filter(({ state }) => state === 'failed' || state === 'cancelled')
}

/* Names, or patterns with `*`. */
function chosen(patterns: readonly string[], sources: readonly string[]): readonly string[] {
  const matches = (pattern: string) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const form = new RegExp(`^${parts.join('.*')}$`)
    return sources.filter((source) => form.test(source))
  }
  const missing = patterns.find((pattern) => matches(pattern).length === 0)
  if (missing !== undefined)
    throw new PipelineError('source/no-tables', `${missing} names no table that a contract reads`)
  return [...new Set(patterns.flatMap(matches))].toSorted()
}
