import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DatabaseMigrationServiceClient,
  DescribeReplicationTasksCommand,
  DescribeTableStatisticsCommand,
  ModifyReplicationTaskCommand,
  ReloadTablesCommand,
  StartReplicationTaskCommand,
  StopReplicationTaskCommand,
} from '@aws-sdk/client-database-migration-service'
import { PipelineError } from '../../core/failures/failures.ts'
import { splitTableName } from '../../core/source-table-name.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'
import { readTask } from './read-task.ts'
import { startType, type TaskState, type TaskWish } from './start-type.ts'

export interface DmsTasksSettings {
  readonly client: DatabaseMigrationServiceClient
  readonly retry: RetryPolicy
  readonly pollMs: number
  /** How long a task may take to stop or to be changed. */
  readonly settleDeadlineMs: number
}

/** A table as a task has it: `Table completed`, `Full load`, `Table error`, … */
export interface TableStatistics {
  /** Source table, `schema.table`. */
  readonly table: string
  readonly state: string
  readonly fullLoadRows: number
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  /** When its full load ended, ISO 8601 UTC; null before. */
  readonly loadedAt: string | null
}

/** A task as DMS describes it. */
export interface TaskReport extends TaskState {
  /** When it was last started anew or reloaded, not resumed, ISO 8601 UTC; null before the first time. */
  readonly freshStart: string | null
  /** Why it stopped last, in DMS's words: `Stop Reason FULL_LOAD_ONLY_FINISHED`. */
  readonly stopReason: string | null
}

type Options = { readonly abortSignal: AbortSignal }

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }
/* API reference, ReloadTables. */
const RELOAD_AT_ONCE = 10
const PAGE = 500
const migrationTypes = ['full-load', 'cdc', 'full-load-and-cdc'] as const

/** DMS tasks by ARN. What a call asks for holds when it resolves; repeating it changes nothing more. */
export class DmsTasks {
  private readonly settings: DmsTasksSettings

  constructor(settings: DmsTasksSettings) {
    this.settings = settings
  }

  /** Throws `dms/refused` when there is no such task. */
  async state(task: string): Promise<TaskReport> {
    const command = new DescribeReplicationTasksCommand({
      Filters: [{ Name: 'replication-task-arn', Values: [task] }],
      WithoutSettings: true,
    })
    const { ReplicationTasks = [] } = await this.call((client, options) => client.send(command, options))
    const [found] = ReplicationTasks
    const migrationType = migrationTypes.find((type) => type === found?.MigrationType)
    if (found?.Status === undefined || migrationType === undefined)
      throw new PipelineError('dms/refused', `there is no task ${task}`)
    const { ReplicationTaskStartDate: started, ReplicationTaskStats: stats, StopReason } = found
    const fresh = stats?.FreshStartDate ?? stats?.StartDate ?? started
    return {
      status: found.Status,
      migrationType,
      hasRun: started !== undefined,
      freshStart: fresh?.toISOString() ?? null,
      stopReason: StopReason ?? null,
    }
  }

  /** Starts, resumes or reloads as `startType` says; a task that runs already is left alone. */
  async start(task: string, wish: TaskWish): Promise<void> {
    const type = startType(await this.state(task), wish)
    if (type === 'running') return
    const command = new StartReplicationTaskCommand({
      ReplicationTaskArn: task,
      StartReplicationTaskType: type,
    })
    await this.unlessAlready(task, ['starting', 'running'], (client, options) =>
      client.send(command, options),
    )
  }

  /** Resolves when the task has stopped, from where it can be resumed. */
  async stop(task: string): Promise<void> {
    const { status } = await this.state(task)
    if (['stopped', 'failed', 'ready'].includes(status)) return
    const command = new StopReplicationTaskCommand({ ReplicationTaskArn: task })
    await this.unlessAlready(task, ['stopping', 'stopped'], (client, options) =>
      client.send(command, options),
    )
    await this.settled(task, ['stopping', 'running', 'starting'])
  }

  /** Resumes a task from its checkpoint. Never starts one anew: DMS refuses to resume what has never run. */
  async resume(task: string): Promise<void> {
    const command = new StartReplicationTaskCommand({
      ReplicationTaskArn: task,
      StartReplicationTaskType: 'resume-processing',
    })
    await this.unlessAlready(task, ['starting', 'testing', 'running'], (client, options) =>
      client.send(command, options),
    )
  }

  /** ARN of the replication instance of a task. Throws `dms/refused` when there is no such task. */
  async instance(task: string): Promise<string> {
    return (await readTask(this.settings, task)).instance
  }

  /** The table mappings of a task, JSON as it was given. Throws `dms/refused` when there is no such task. */
  async mappings(task: string): Promise<string> {
    return (await readTask(this.settings, task)).mappings
  }

  /** Gives a task that stands other table mappings (JSON). */
  async setMappings(task: string, mappings: string): Promise<void> {
    const command = new ModifyReplicationTaskCommand({ ReplicationTaskArn: task, TableMappings: mappings })
    await this.unlessAlready(task, ['modifying', 'stopped'], (client, options) =>
      client.send(command, options),
    )
    await this.settled(task, ['modifying'])
  }

  /**
   * Reads tables again while the task runs, ten in a request. DMS keeps the old definition of a table: after DDL use a
   * full load task of its own. Throws `dms/refused` for a task that DMS reloads nothing of.
   */
  async reloadTables(task: string, tables: readonly string[]): Promise<void> {
    const { status, migrationType } = await this.state(task)
    if (status !== 'running' || migrationType === 'cdc')
      throw new PipelineError('dms/refused', `a ${migrationType} task that is ${status} reloads no tables`)
    for (let start = 0; start < tables.length; start += RELOAD_AT_ONCE) {
      const command = new ReloadTablesCommand({
        ReplicationTaskArn: task,
        ReloadOption: 'data-reload',
        TablesToReload: tables.slice(start, start + RELOAD_AT_ONCE).map((name) => {
          const table = splitTableName(name)
          return { SchemaName: table.schema, TableName: table.name }
        }),
      })
      await this.call((client, options) => client.send(command, options))
    }
  }

  /** What the task did for each table, in DMS's order. */
  async *statistics(task: string): AsyncGenerator<TableStatistics> {
    let Marker: string | undefined
    do {
      const command = new DescribeTableStatisticsCommand({
        ReplicationTaskArn: task,
        MaxRecords: PAGE,
        ...(Marker === undefined ? {} : { Marker }),
      })
      const page = await this.call((client, options) => client.send(command, options))
      for (const found of page.TableStatistics ?? [])
        yield {
          table: `${found.SchemaName ?? ''}.${found.TableName ?? ''}`,
          state: found.TableState ?? '',
          fullLoadRows: found.FullLoadRows ?? 0,
          inserts: found.Inserts ?? 0,
          updates: found.Updates ?? 0,
          deletes: found.Deletes ?? 0,
          loadedAt: found.FullLoadEndTime?.toISOString() ?? null,
        }
      Marker = page.Marker
    } while (Marker !== undefined)
  }

  /** Resolves when the task is in none of the states. Throws `aws/unavailable` when that takes too long. */
  async settled(task: string, passing: readonly string[]): Promise<void> {
    const { pollMs, settleDeadlineMs } = this.settings
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    while (passing.includes((await this.state(task)).status)) {
      const isOver = await sleep(pollMs, false, { signal: deadline }).catch(() => true)
      if (isOver) throw new PipelineError('aws/unavailable', `task ${task} is still ${passing.join(' or ')}`)
    }
  }

  /* DMS refuses a repeated start or stop by the task's state: then that state says whether the first one arrived. */
  private async unlessAlready(
    task: string,
    reached: readonly string[],
    send: (client: DatabaseMigrationServiceClient, options: Options) => Promise<unknown>,
  ): Promise<void> {
    const isDone = await this.call(async (client, options) => {
      try {
        await send(client, options)
        return true
      } catch (error) {
        if (isNamed(error, 'InvalidResourceStateFault')) return false
        throw error
      }
    })
    if (isDone) return
    const { status } = await this.state(task)
    if (!reached.includes(status)) throw new PipelineError('dms/refused', `the task is ${status}`)
  }

  private call<T>(
    send: (client: DatabaseMigrationServiceClient, options: Options) => Promise<T>,
  ): Promise<T> {
    const { client, retry } = this.settings
    return callAws(call, retry, (abortSignal) => send(client, { abortSignal }))
  }
}
