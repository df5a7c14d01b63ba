import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { PipelineError } from '../../core/failures.ts'
import { isOver, type Load, loadState } from '../../core/load.ts'
import { loadDocument } from '../../core/load-document.ts'
import { askFunction } from '../ask-function.ts'
import { loadLine, loadText } from '../load-view.ts'
import { exit, type Output } from '../output.ts'

export interface LoadStackOptions {
  readonly stack: string | readonly string[]
  readonly tables?: readonly string[]
  readonly window?: string
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

const answer = z.object({
  loads: z.array(loadDocument.omit({ format: true })),
  tables: z.array(z.string()),
})

/* The function takes a step of each load every minute. */
const POLL_MS = 15_000

/** `load start` on a stack: the function `loads` begins it, or says which tables it would read. */
export async function startOnStack(options: LoadStackOptions, output: Output): Promise<void> {
  const { stack, tables = [], window = null, dryRun = false, json = false, wait = false } = options
  if (dryRun) {
    const plan = await ask(stack, { plan: { tables } })
    output.result(
      json
        ? JSON.stringify({ load: null, plan: plan.tables })
        : ['would be read:', ...plan.tables].join('\n'),
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

/** `load resume` and `load cancel` on a stack. A resume is a new load of the tables that are not complete. */
export async function actOnStack(
  verb: 'resume' | 'cancel',
  id: string,
  options: LoadStackOptions,
  output: Output,
) {
  show(only(await ask(options.stack, { [verb]: id })), options.json === true, output)
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
  for (;;) {
    const load = (await loadsOfStack(stack)).find((one) => one.id === id)
    if (load === undefined) throw new PipelineError('load/not-found', `no load ${id}`)
    if (isOver(loadState(load))) return load
    output.progress(loadLine(load, Date.now()))
    await sleep(POLL_MS)
  }
}

function ask(stack: LoadStackOptions['stack'], request: object) {
  return askFunction(stack, 'loads', request, answer)
}

function only({ loads: [load] }: z.output<typeof answer>): Load {
  if (load === undefined) throw new PipelineError('function/failed', 'the function loads gave no load')
  return load
}

function show(load: Load, json: boolean, output: Output): void {
  output.result(json ? JSON.stringify(load) : loadText(load, output, Date.now()))
}
