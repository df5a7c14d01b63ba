import type { CaptureDeps, CapturePlan } from '../../../aws/dms/add-to-capture.ts'
import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { isOver, type Load, loadState } from '../../../core/load/load.ts'
import { outputsOf, readStack, type Stack } from '../../../stack/stack.ts'
import { checkDeployed } from '../../../stack/tables/check-deployed.ts'
import { checkStackSource } from '../../../stack/tables/check-stack-source.ts'
import { type ReleasedTables, releasedTables } from '../../../stack/tables/released-tables.ts'
import { exit, type Output } from '../../terminal/output.ts'
import { loadText } from '../../view/load-view.ts'
import { type StackTables, stackTablesText } from '../../view/table-view.ts'
import { beginOnStack, loadsOfStack, watchOnStack } from './load-stack.ts'

export interface TableStackOptions {
  readonly stack: string | readonly string[]
  readonly contracts?: string
  readonly generated: string
  readonly source?: string
  readonly sourceProfile?: string
  readonly load: boolean
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** How long is waited for DMS, and how the repository is read. */
export interface AddOnStackDeps {
  readonly pollMs: number
  readonly settleMs: number
  readonly showMs: number
  readonly released: typeof releasedTables
}

/* DMS takes minutes for a state now and then. */
const usual = { pollMs: 5_000, settleMs: 15 * 60_000, showMs: 5 * 60_000, released: releasedTables }

/**
 * `table add` on a stack: everything is checked that a row will pass, then the cdc task is stopped, changed and resumed,
 * and the tables are loaded. What was cut off goes on with what DMS and the loads say. Throws `table/…`, `dms/refused`,
 * `source/…`, `load/busy` before anything is changed.
 */
export async function addOnStack(
  names: readonly string[],
  options: TableStackOptions,
  output: Output,
  deps: AddOnStackDeps = usual,
): Promise<void> {
  const { stack: files, dryRun = false, json = false, wait = false } = options
  const say = (text: string) => (json ? undefined : output.progress(`✔ ${text}`))
  const stack = await readStack(files)
  const released = await deps.released(names, {
    contracts: options.contracts ?? 'schemas',
    generated: options.generated,
  })
  say('the contracts are locked, and Terraform will read the same mappings')
  if (options.source !== undefined) {
    await checkStackSource(options.source, stack, released.sources)
    say('the source has the tables, with a key, and the slot its log')
  }
  await checkDeployed(files, stack, released)
  say('the functions and the catalog know the contracts')
  await withCapture(stack, { ...deps, profile: options.sourceProfile, say }, async (capture) => {
    const { addToCapture, planCapture } = await import('../../../aws/dms/add-to-capture.ts')
    const plan = await planCapture(capture, released.mappings)
    const loads = await loadsOfStack(files)
    checkPlan(plan, released, loads)
    const wanted = options.load ? toLoad(plan, released, loads) : []
    const answer = answerOf(plan, released, dryRun)
    if (dryRun) return show({ ...answer, interruption: null, load: null }, options, output)
    const { milliseconds } = await addToCapture(capture, released.mappings, released.sources)
    const begun = wanted.length === 0 ? undefined : await beginOnStack(files, wanted)
    const done = {
      ...answer,
      interruption: milliseconds === null ? null : { milliseconds },
      load: begun?.id ?? null,
    }
    if (begun === undefined || !wait) return show(done, options, output)
    const load = await watchOnStack(files, begun.id, output)
    if (json) output.result(JSON.stringify({ ...done, load }))
    else output.result(`${stackTablesText(done, options)}\n${loadText(load, output, Date.now())}`)
    if (loadState(load) !== 'complete') process.exitCode = exit.findings
  })
}

async function withCapture(
  stack: Stack,
  {
    profile,
    pollMs,
    settleMs,
    showMs,
    say,
  }: Omit<AddOnStackDeps, 'released'> & {
    readonly profile: string | undefined
    readonly say: (text: string) => void
  },
  work: (capture: CaptureDeps) => Promise<void>,
): Promise<void> {
  const { region, cdc_task_arn: task } = outputsOf(stack, 'source', ['region', 'cdc_task_arn'])
  const { dmsClient } = await import('../../../aws/calls/clients.ts')
  const { profileCredentials } = await import('../../../aws/calls/profile-credentials.ts')
  const { withAws } = await import('../../../aws/open-aws.ts')
  const { DmsTasks } = await import('../../../aws/dms/dms-tasks.ts')
  await withAws({ region, ...profileCredentials(profile) }, (aws) => {
    const [client, { retry }] = [aws.client(dmsClient), aws]
    const tasks = new DmsTasks({ client, retry, pollMs, settleDeadlineMs: settleMs })
    return work({ tasks, task, pollMs, showDeadlineMs: showMs, onStep: (step) => say(STEPS[step]) })
  })
}

const STEPS = {
  stopped: 'the cdc task has stopped; its slot keeps the log',
  changed: 'the cdc task has the new mappings',
  running: 'the cdc task runs again, from its checkpoint',
  shown: 'the cdc task shows the tables',
} as const

/* A table more than was named would be captured and never loaded. */
function checkPlan({ added }: CapturePlan, { sources }: ReleasedTables, loads: readonly Load[]): void {
  const more = added.filter((table) => !sources.includes(table))
  if (more.length > 0)
    throw new PipelineError('usage/invalid', `the mappings gain ${more.join(', ')}, too: name all of them`)
  const busy = loads.find((load) =>
    load.tables.some(({ table, state }) => added.includes(table) && !isOver(state)),
  )
  if (busy !== undefined)
    throw new PipelineError(
      'load/busy',
      `${busy.id} reads a table that is not captured yet: cancel it, or wait until it is over`,
    )
}

/* Those that are new to the task, and those that a command before was cut off from loading. */
function toLoad(
  { added }: CapturePlan,
  { sources }: ReleasedTables,
  loads: readonly Load[],
): readonly string[] {
  const known = new Set(
    loads.flatMap((load) =>
      load.tables.flatMap(({ table, state }) => (state === 'complete' || !isOver(state) ? table : [])),
    ),
  )
  return sources.filter((table) => added.includes(table) || !known.has(table))
}

function answerOf({ added, calls }: CapturePlan, { sources, contracts }: ReleasedTables, isDryRun: boolean) {
  return {
    isDryRun,
    calls,
    tables: sources.map((table) => ({
      table,
      contracts: contracts.filter(({ source }) => source.table === table).map(printTableVersion),
      state: !added.includes(table)
        ? ('already' as const)
        : isDryRun
          ? ('planned' as const)
          : ('added' as const),
    })),
  }
}

function show(done: StackTables, options: TableStackOptions, output: Output): void {
  output.result(options.json === true ? JSON.stringify(done) : stackTablesText(done, options))
  if (done.load !== null && options.json !== true)
    output.progress(
      `watch its load: tidemark load watch ${done.load} --stack ${[options.stack].flat().join(' ')}`,
    )
}
