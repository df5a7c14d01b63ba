import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../../core/failures/failures.ts'
import { isOver, type Load, loadState } from '../../../core/load/load.ts'
import { type SourceActivity, type StackLoads, stackLoads } from '../../../core/operations/answers.ts'
import type { LoadsRequest } from '../../../core/operations/stack-requests.ts'
import { invokeWhenFree } from '../../../stack/invoke-function.ts'
import { readStack } from '../../../stack/stack.ts'
import { exit, type Output } from '../../terminal/output.ts'
import { LoadScreen } from '../../view/load-screen.ts'
import { activityText, loadText, planText } from '../../view/load-view.ts'

export interface LoadStackOptions {
  readonly stack: string | readonly string[]
  readonly tables?: readonly string[]
  readonly window?: string
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly source?: string
}

/* The function takes a step of each load every minute. */
const POLL_MS = 15_000

/** `load start` on a stack: the function `loads` begins it, or says what it would read and tell DMS. */
export async function startOnStack(options: LoadStackOptions, output: Output): Promise<void> {
  const { stack, source, tables = [], window = null, dryRun = false, json = false, wait = false } = options
  const activity = source === undefined ? null : await activityOf(source, stack)
  if (activity !== null && !json) output.progress(activityText(activity))
  if (dryRun) {
    const { plan } = await ask(stack, { plan: { tables } })
    if (plan === null) throw new PipelineError('function/failed', 'the function loads gave no plan')
    const { tables: planned, calls } = plan
    output.result(
      json
        ? JSON.stringify({ activity, plan: planned, calls, load: null })
        : [planText(planned), 'DMS would be told:', ...calls].join('\n'),
    )
    return
  }
  const begun = only(await ask(stack, { start: { tables, window } }))
  const load = wait ? await watchOnStack(stack, begun.id, output) : begun
  show(load, json, output)
  if (!wait && !json)
    output.progress(`watch it: tidemark load watch ${load.id} --stack ${[stack].flat().join(' ')}`)
  if (wait) process.exitCode = loadState(load) === 'complete' ? exit.fine : exit.findings
}

/* The slot is the cdc task's, where the stack says which. */
async function activityOf(url: string, stack: LoadStackOptions['stack']): Promise<SourceActivity> {
  const { source } = await readStack(stack)
  const { askSourceActivity } = await import('../../../engine/postgres/connection/source-activity.ts')
  return askSourceActivity({ url }, source.slot_name ?? '')
}

/** `load resume` and `load cancel` on a stack. A resume is a new load of the tables that are not complete. */
export async function actOnStack(
  verb: 'resume' | 'cancel',
  id: string,
  options: LoadStackOptions,
  output: Output,
) {
  show(
    only(await ask(options.stack, verb === 'resume' ? { resume: id } : { cancel: id })),
    options.json === true,
    output,
  )
}

/** Starts a load of source tables on a stack; others that go on wait for nothing. */
export async function beginOnStack(
  stack: LoadStackOptions['stack'],
  tables: readonly string[],
): Promise<Load> {
  return only(await ask(stack, { start: { tables, window: null } }))
}

/** Every load of a stack, by their start. */
export async function loadsOfStack(stack: LoadStackOptions['stack']): Promise<readonly Load[]> {
  return (await ask(stack, { status: true })).loads
}

/** Follows a load until it is over. Throws `load/not-found`. */
export async function watchOnStack(
  stack: LoadStackOptions['stack'],
  id: string,
  output: Output,
): Promise<Load> {
  const screen = new LoadScreen(output, Date.now)
  for (;;) {
    const load = (await loadsOfStack(stack)).find((one) => one.id === id)
    if (load === undefined) throw new PipelineError('load/not-found', `no load ${id}`)
    if (isOver(loadState(load))) {
      screen.clear()
      return load
    }
    screen.show(load)
    await sleep(POLL_MS)
  }
}

function ask(stack: LoadStackOptions['stack'], request: LoadsRequest): Promise<StackLoads> {
  return invokeWhenFree(stack, 'loads', request, stackLoads)
}

function only({ loads: [load] }: StackLoads): Load {
  if (load === undefined) throw new PipelineError('function/failed', 'the function loads gave no load')
  return load
}

function show(load: Load, json: boolean, output: Output): void {
  output.result(json ? JSON.stringify(load) : loadText(load, output, Date.now()))
}
