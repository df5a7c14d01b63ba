import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DatabaseMigrationServiceClient,
  DescribeEndpointsCommand,
  type Endpoint,
  ModifyEndpointCommand,
  TestConnectionCommand,
} from '@aws-sdk/client-database-migration-service'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadTask, TaskLook, TaskTable } from '../../core/load/load-task.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'
import { DmsTasks } from './dms-tasks.ts'
import { readEndpointTests } from './read-connections.ts'
import { startType } from './start-type.ts'
import { tableMappings } from './table-mappings.ts'

export interface DmsLoadTaskSettings {
  readonly client: DatabaseMigrationServiceClient
  readonly retry: RetryPolicy
  /** ARN of the full-load task, and of its S3 target endpoint. */
  readonly task: string
  readonly endpoint: string
  readonly pollMs: number
  /** How long task and endpoint may take to be changed. */
  readonly settleDeadlineMs: number
}

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }
/* DMS user guide, table statistics. */
const states: Readonly<Record<string, TaskTable['state']>> = {
  'Table completed': 'read',
  'Table error': 'failed',
  'Table cancelled': 'failed',
  'Table does not exist': 'failed',
}
const idle = ['ready', 'stopped', 'failed']
const FOLDER = /^landing\/loads\/([^/]+)\/?$/
/* API reference, ReplicationTask, StopReason. */
const FINISHED = /\bFULL_LOAD_ONLY_FINISHED\b/
const REASON = /^Stop Reason ([A-Z_]+)/

/**
 * The full-load task of DMS, pointed at another folder and other tables for each load. Keeps the guarantees of `LoadTask`.
 * A task is changed only while it stands, and started anew each time (docs/11).
 */
export class DmsLoadTask implements LoadTask {
  private readonly settings: DmsLoadTaskSettings
  private readonly tasks: DmsTasks

  constructor(settings: DmsLoadTaskSettings) {
    this.settings = settings
    this.tasks = new DmsTasks(settings)
  }

  async look(): Promise<TaskLook> {
    const { status, freshStart, stopReason } = await this.tasks.state(this.settings.task)
    const { S3Settings } = await this.endpoint()
    /* Its other messages may quote rows. */
    const reason = REASON.exec(stopReason ?? '')?.[1]
    return {
      isBusy: !idle.includes(status),
      run: freshStart,
      load: FOLDER.exec(S3Settings?.BucketFolder ?? '')?.[1] ?? null,
      isFinished: status === 'stopped' && FINISHED.test(stopReason ?? ''),
      reason: reason === undefined ? `the task is ${status}` : `the task is ${status}: ${reason}`,
    }
  }

  async begin(load: string, tables: readonly string[]): Promise<void> {
    const { task } = this.settings
    await this.pointAt(folderOf(load))
    await this.tasks.setMappings(task, tableMappings(tables))
    await this.untilTested()
    await this.tasks.start(task, 'load-again')
  }

  /** What `begin` would tell DMS, in order. */
  async plan(load: string, tables: readonly string[]): Promise<readonly string[]> {
    const { task, endpoint } = this.settings
    const type = startType({ ...(await this.tasks.state(task)), status: 'stopped' }, 'load-again')
    return [
      `ModifyEndpoint ${endpoint} S3Settings.BucketFolder=${folderOf(load)}`,
      `ModifyReplicationTask ${task} TableMappings=${tableMappings(tables)}`,
      `StartReplicationTask ${task} ${type}`,
    ]
  }

  async tables(): Promise<ReadonlyMap<string, TaskTable>> {
    const tables = new Map<string, TaskTable>()
    for await (const { table, state, fullLoadRows, loadedAt } of this.tasks.statistics(this.settings.task))
      tables.set(table, { state: states[state] ?? 'waiting', rows: fullLoadRows, readAt: loadedAt })
    return tables
  }

  stop(): Promise<void> {
    return this.tasks.stop(this.settings.task)
  }

  /* All settings, as they are: whether those that are left out stay depends on ExactSettings (API reference). */
  private async pointAt(BucketFolder: string): Promise<void> {
    const { client, retry, endpoint, pollMs, settleDeadlineMs } = this.settings
    const { S3Settings } = await this.endpoint()
    if (S3Settings?.BucketFolder !== BucketFolder) {
      const command = new ModifyEndpointCommand({
        EndpointArn: endpoint,
        ExactSettings: false,
        S3Settings: { ...S3Settings, BucketFolder },
      })
      await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
    }
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    for (;;) {
      const { Status, S3Settings: now } = await this.endpoint()
      if (Status === 'active' && now?.BucketFolder === BucketFolder) return
      const isOver = await sleep(pollMs, false, { signal: deadline }).catch(() => true)
      if (isOver) throw new PipelineError('aws/unavailable', `endpoint ${endpoint} is still being changed`)
    }
  }

  /* DMS starts no task whose endpoint it has not tested, and begins a test of its own when an endpoint is modified. */
  private async untilTested(): Promise<void> {
    const { client, retry, task, endpoint, pollMs, settleDeadlineMs } = this.settings
    const instance = await this.tasks.instance(task)
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    let isAsked = false
    for (;;) {
      const tests = await readEndpointTests({ client, retry }, endpoint)
      const status = tests.find((test) => test.instance === instance)?.status
      if (status === 'successful') return
      if (status !== 'testing' && isAsked)
        throw new PipelineError('dms/refused', `the test of endpoint ${endpoint} is ${status ?? 'unknown'}`)
      if (status !== 'testing') {
        await this.test(instance)
        isAsked = true
      }
      const isOver = await sleep(pollMs, false, { signal: deadline }).catch(() => true)
      if (isOver) throw new PipelineError('aws/unavailable', `endpoint ${endpoint} is still being tested`)
    }
  }

  private async test(instance: string): Promise<void> {
    const { client, retry, endpoint } = this.settings
    const command = new TestConnectionCommand({ ReplicationInstanceArn: instance, EndpointArn: endpoint })
    await callAws(call, retry, async (abortSignal) => {
      try {
        await client.send(command, { abortSignal })
      } catch (error) {
        /* It is being tested already. */
        if (!isNamed(error, 'InvalidResourceStateFault')) throw error
      }
    })
  }

  private async endpoint(): Promise<Endpoint> {
    const { client, retry, endpoint } = this.settings
    const command = new DescribeEndpointsCommand({ Filters: [{ Name: 'endpoint-arn', Values: [endpoint] }] })
    const { Endpoints = [] } = await callAws(call, retry, (abortSignal) =>
      client.send(command, { abortSignal }),
    )
    const [found] = Endpoints
    if (found?.S3Settings === undefined)
      throw new PipelineError('dms/refused', `there is no S3 endpoint ${endpoint}`)
    return found
  }
}

function folderOf(load: string): string {
  return `landing/loads/${load}`
}
