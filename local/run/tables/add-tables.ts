import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Table } from '../../../core/contract/language/table.ts'
import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { AddedTable, TablesAdded } from '../../../core/operations/answers.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { readSourceActivity } from '../../../engine/postgres/connection/source-activity.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { isBusy, publishTables } from '../../../engine/postgres/rules/ensure-publication.ts'
import type { LoadRunner } from '../../loads/load-runner.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { SourceRun } from '../../pipeline/source-run.ts'
import type { LoadedTable, RunState } from '../../state/run-state.ts'
import { type AddTablesRequest, planTables, type TablesPlan } from './plan-tables.ts'

/**
 * The steps in their order, each durable when it is told; at `published` nobody reads the slot yet, and `waiting` is told
 * before it for each time that a writer held a table too long.
 */
export type AddStep = 'checked' | 'recorded' | 'registered' | 'waiting' | 'published' | 'reading' | 'loading'

export interface AddTablesDeps {
  readonly source: Source
  readonly state: RunState
  readonly pipeline: Pipeline
  readonly loads: LoadRunner
  readonly run: Pick<SourceRun, 'pause'>
  readonly sources: () => readonly SourceTable[]
  /** They take the place of tables of the same name. */
  readonly follow: (tables: readonly SourceTable[]) => void
  /** The written contracts as they are now. */
  readonly readContracts: () => Promise<readonly Table[]>
  /** Nothing is changed after it that was not published before. */
  readonly signal: AbortSignal
  readonly onStep: (step: AddStep) => Promise<void> | void
}

/* A table whose writers take long is tried again; between two tries everything flows. */
const TRIES = 5
const PAUSE_MS = 1_000

/**
 * Captures more tables of a running pipeline, on the slot that it has. What is wanted is on disk before anything changes,
 * so that a start after a crash at any step finishes it, and asking again does no step twice. The tables are published
 * while nobody reads the slot, and read whole afterwards: a change is in the load's snapshot, or in the stream behind it,
 * or in both, and then its position decides (G1, G3). Throws what `planTables` throws, and `source/table-busy`.
 */
export async function addTables(request: AddTablesRequest, deps: AddTablesDeps): Promise<TablesAdded> {
  const plan = await withClient(deps.source, async (client) =>
    planTables(client, request, {
      state: deps.state,
      captured: new Map(deps.sources().map((table) => [sourceTableName(table), table.oid])),
      sources: deps.sources(),
      loads: deps.loads.loads(),
      written: await deps.readContracts(),
      folder: deps.pipeline.folder,
    }),
  )
  const { fresh, unread, leftOut } = plan
  const { isDryRun } = request
  const tables = addedTables(plan, isDryRun ? 'planned' : 'added')
  if (isDryRun) return { isDryRun, tables, leftOut, interruption: null, load: null }
  await deps.onStep('checked')
  const interruption = fresh.length === 0 ? null : await capture(plan, request, deps)
  const toLoad = request.isLoaded ? [...fresh.map(sourceTableName), ...unread] : []
  if (toLoad.length === 0) return { isDryRun, tables, leftOut, interruption, load: null }
  const load = await deps.loads.start({ tables: toLoad })
  await deps.onStep('loading')
  return { isDryRun, tables, leftOut, interruption, load: load.id }
}

/** What a plan makes of each table, those that are captured already left as they are. */
export function addedTables(
  { tables, fresh, contracts, inferred }: TablesPlan,
  state: AddedTable['state'],
): readonly AddedTable[] {
  return tables.map((table) => {
    const of = contracts.filter(({ source }) => source.table === sourceTableName(table))
    return {
      table: sourceTableName(table),
      contracts: of.map(printTableVersion),
      isInferred: of.some((contract) => inferred.has(contract)),
      state: fresh.includes(table) ? state : 'already',
    }
  })
}

/** What the state of a run says of tables that were just added. */
export function newLoads(
  tables: readonly SourceTable[],
  isLoaded: boolean,
): Readonly<Record<string, LoadedTable>> {
  const state = isLoaded ? ('waiting' as const) : ('unloaded' as const)
  return Object.fromEntries(
    tables.map((table) => [sourceTableName(table), { state, oid: table.oid, rows: null, position: null }]),
  )
}

async function capture(
  plan: TablesPlan,
  { isLoaded }: AddTablesRequest,
  deps: AddTablesDeps,
): Promise<TablesAdded['interruption']> {
  const { state, pipeline, signal, onStep } = deps
  const names = plan.fresh.map(sourceTableName)
  signal.throwIfAborted()
  const before = state.data
  await state.update({
    added: [...new Set([...before.added, ...names])],
    loads: { ...before.loads, ...newLoads(plan.fresh, isLoaded) },
  })
  await onStep('recorded')
  /* Before the first change of a table can come. */
  const extended = await pipeline.extend(plan.contracts.filter(({ source }) => names.includes(source.table)))
  await onStep('registered')
  return publish(plan, deps, () => {
    /* Whoever asks again may have written a contract meanwhile, with masks that an inferred one has not. */
    pipeline.withdraw(extended)
    const others = Object.entries(state.data.loads).filter(([name]) => !names.includes(name))
    const loads = { ...Object.fromEntries(others), ...pick(before.loads, names) }
    return state.update({ added: before.added, loads })
  })
}

/* `withdraw` takes back what the next start would do: for when nothing was published, and whoever asked is told so. */
async function publish(
  { fresh }: TablesPlan,
  { source, state, run, follow, signal, onStep }: AddTablesDeps,
  withdraw: () => Promise<void>,
): Promise<TablesAdded['interruption']> {
  let isPublished = false
  let waited = 0
  const work = () =>
    withClient(source, async (client) => {
      signal.throwIfAborted()
      await publishTables(client, state.data.publication, fresh)
      isPublished = true
      follow(fresh)
      await onStep('published')
      return (await readSourceActivity(client, state.data.slot)).slotLagBytes
    })
  const rest = async (from: number) => {
    waited += Math.round(performance.now() - from)
    await onStep('waiting')
    return sleep(PAUSE_MS, true, { signal }).catch(() => false)
  }
  for (let tries = 1; ; tries += 1) {
    const from = performance.now()
    try {
      const { result: heldBytes, milliseconds } = await run.pause(work)
      await onStep('reading')
      return { milliseconds: waited + milliseconds, heldBytes }
    } catch (error) {
      const isAgain = isBusy(error) && tries < TRIES && (await rest(from))
      if (isAgain) continue
      if (!isPublished && !isStopping(error)) await withdraw()
      throw error
    }
  }
}

/* The next start does it. */
function isStopping(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'run/locked'
}

function pick<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)))
}

async function withClient<T>(source: Source, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectSource(source, { applicationName: 'tidemark setup' })
  try {
    return await work(client)
  } finally {
    await closeClient(client)
  }
}
