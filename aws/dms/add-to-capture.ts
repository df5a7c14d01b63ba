import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import type { DmsTasks, TaskReport } from './dms-tasks.ts'
import { compareMappings, type MappingsChange } from './mapped-tables.ts'

/** What a cdc task has just done, in this order; a step that was done before is not said. */
export type CaptureStep = 'stopped' | 'changed' | 'running' | 'shown'

export interface CaptureDeps {
  readonly tasks: DmsTasks
  /** ARN of the cdc task. */
  readonly task: string
  readonly pollMs: number
  /** How long the task may take to show a table after it runs again. */
  readonly showDeadlineMs: number
  readonly onStep: (step: CaptureStep) => void
}

export interface CapturePlan extends MappingsChange {
  readonly task: TaskReport
  /** What DMS would be told, in order. */
  readonly calls: readonly string[]
}

const standing = ['stopped', 'ready']
/* A resume may begin with an assessment (DMS user guide, ongoing replication). */
const passing = ['starting', 'testing', 'stopping', 'modifying']
/* DMS user guide, table statistics. */
const broken = ['Table error', 'Table does not exist', 'Table cancelled']
/* The rest of a reason may quote rows. */
const REASON = /^Stop Reason ([A-Z_]+)/

/**
 * What has to be told a cdc task so that it has the wanted mappings (JSON) and runs. Waits while it is between two states;
 * changes nothing. Throws `dms/refused` for what would lose changes: a task that was never started or has failed, that
 * has a table in error, mappings that would lose a table.
 */
export async function planCapture({ tasks, task: arn }: CaptureDeps, wanted: string): Promise<CapturePlan> {
  await tasks.settled(arn, passing)
  const task = await tasks.state(arn)
  if (task.migrationType !== 'cdc')
    throw refused(`${arn} is a ${task.migrationType} task, not the one of the changes`)
  if (!task.hasRun)
    throw refused(
      'the cdc task was never started: its first start says where its slot begins (docs/15-deploying.md)',
    )
  if (task.status !== 'running' && !standing.includes(task.status))
    throw refused(`the cdc task is ${task.status}${reasonOf(task)}: mend that first`)
  const change = compareMappings(await tasks.mappings(arn), wanted)
  if (change.removed.length > 0)
    throw refused(`the mappings would end the capture of ${change.removed.join(', ')}`)
  for await (const { table, state } of tasks.statistics(arn))
    if (state === 'Table error') throw refused(`${table} is in error in the cdc task: mend that first`)
  const stops = !change.isSame && task.status === 'running'
  return {
    ...change,
    task,
    calls: [
      ...(stops ? [`StopReplicationTask ${arn}`] : []),
      ...(change.isSame ? [] : [`ModifyReplicationTask ${arn} TableMappings=${wanted}`]),
      ...(stops || task.status !== 'running' ? [`StartReplicationTask ${arn} resume-processing`] : []),
    ],
  }
}

/**
 * Has a cdc task capture what the wanted mappings (JSON) name, from its checkpoint on: stopped, changed, resumed, and
 * `tables` seen in its statistics. It is never started anew, which would make its slot again. Where it was cut off it goes
 * on with what DMS says of the task. Answers how long the changes waited, null when they did not. Throws what
 * `planCapture` throws, `aws/unavailable` when DMS takes too long, `table/not-captured`.
 */
export async function addToCapture(
  deps: CaptureDeps,
  wanted: string,
  tables: readonly string[],
): Promise<{ readonly milliseconds: number | null }> {
  const { tasks, task, onStep } = deps
  const { isSame, task: before } = await planCapture(deps, wanted)
  const isRunning = before.status === 'running'
  const from = performance.now()
  if (!isSame) {
    if (isRunning) {
      await tasks.stop(task)
      const { status } = await tasks.state(task)
      if (!standing.includes(status)) throw refused(`the cdc task is ${status} instead of stopped`)
      onStep('stopped')
    }
    await tasks.setMappings(task, wanted)
    if (!compareMappings(await tasks.mappings(task), wanted).isSame)
      throw refused('the cdc task does not have the mappings that it was given')
    onStep('changed')
  }
  if (!isSame || !isRunning) {
    await tasks.resume(task)
    await checkRuns(deps)
    onStep('running')
  }
  await untilShown(deps, tables)
  onStep('shown')
  return { milliseconds: isSame && isRunning ? null : Math.round(performance.now() - from) }
}

async function checkRuns({ tasks, task: arn }: CaptureDeps): Promise<void> {
  await tasks.settled(arn, passing)
  const task = await tasks.state(arn)
  if (task.status !== 'running')
    throw new PipelineError(
      'table/not-captured',
      `the cdc task has the tables and is ${task.status}${reasonOf(task)}`,
    )
}

async function untilShown(deps: CaptureDeps, tables: readonly string[]): Promise<void> {
  const { tasks, task, pollMs, showDeadlineMs } = deps
  const deadline = AbortSignal.timeout(showDeadlineMs)
  for (;;) {
    const states = new Map<string, string>()
    for await (const { table, state } of tasks.statistics(task)) states.set(table, state)
    const bad = tables.find((table) => broken.includes(states.get(table) ?? ''))
    if (bad !== undefined)
      throw new PipelineError('table/not-captured', `${bad}: DMS says ${states.get(bad)}`)
    const missing = tables.filter((table) => !states.has(table))
    if (missing.length === 0) return
    const isOver = await sleep(pollMs, false, { signal: deadline }).catch(() => true)
    if (isOver)
      throw new PipelineError(
        'table/not-captured',
        `the cdc task runs and does not show ${missing.join(', ')}`,
      )
    await checkRuns(deps)
  }
}

function reasonOf({ stopReason }: TaskReport): string {
  const reason = REASON.exec(stopReason ?? '')?.[1]
  return reason === undefined ? '' : ` (${reason})`
}

function refused(message: string): PipelineError {
  return new PipelineError('dms/refused', message)
}
