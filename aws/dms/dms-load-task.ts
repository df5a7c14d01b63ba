import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DatabaseMigrationServiceClient,
  DescribeEndpointsCommand,
  ModifyEndpointCommand,
} from '@aws-sdk/client-database-migration-service'
import { PipelineError } from '../../core/failures.ts'
import type { LoadTask, TaskTable } from '../../core/load-task.ts'
import { tableMappings } from '../../ingest/table-mappings.ts'
import { type CallName, callAws } from '../call-aws.ts'
import type { RetryPolicy } from '../retry.ts'
import { DmsTasks } from './dms-tasks.ts'

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

  async begin(load: string, tables: readonly string[], since: number): Promise<'begun' | 'busy'> {
    const { task } = this.settings
    const { status, startedAt = 0 } = await this.tasks.state(task)
    const isOurs = (await this.folder()).name === folderOf(load)
    if (isOurs && startedAt >= since) return 'begun'
    if (status === 'running' || status === 'starting') return isOurs ? 'begun' : 'busy'
    if (!['ready', 'stopped', 'failed'].includes(status)) return 'busy'
    await this.pointAt(folderOf(load))
    await this.tasks.setMappings(task, tableMappings(tables))
    await this.tasks.start(task, 'load-again')
    return 'begun'
  }

  async isReading(load: string): Promise<boolean> {
    const { status } = await this.tasks.state(this.settings.task)
    const isMoving = status === 'running' || status === 'starting'
    return isMoving && (await this.folder()).name === folderOf(load)
  }

  async tables(): Promise<ReadonlyMap<string, TaskTable>> {
    const tables = new Map<string, TaskTable>()
    for await (const { table, state, fullLoadRows } of this.tasks.statistics(this.settings.task))
      tables.set(table, { state: states[state] ?? 'waiting', rows: fullLoadRows })
    return tables
  }

  stop(): Promise<void> {
    return this.tasks.stop(this.settings.task)
  }

  /* Settings that are not named stay: ExactSettings is false unless said (API reference, ModifyEndpoint). */
  private async pointAt(BucketFolder: string): Promise<void> {
    const { client, retry, endpoint, pollMs, settleDeadlineMs } = this.settings
    if ((await this.folder()).name !== BucketFolder) {
      const command = new ModifyEndpointCommand({ EndpointArn: endpoint, S3Settings: { BucketFolder } })
      await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
    }
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    for (;;) {
      const { name, isSettled } = await this.folder()
      if (isSettled && name === BucketFolder) return
      const isOver = await sleep(pollMs, false, { signal: deadline }).catch(() => true)
      if (isOver) throw new PipelineError('aws/unavailable', `endpoint ${endpoint} is still being changed`)
    }
  }

  private async folder(): Promise<{ readonly name: string; readonly isSettled: boolean }> {
    const { client, retry, endpoint } = this.settings
    const command = new DescribeEndpointsCommand({ Filters: [{ Name: 'endpoint-arn', Values: [endpoint] }] })
    const { Endpoints = [] } = await callAws(call, retry, (abortSignal) =>
      client.send(command, { abortSignal }),
    )
    const [found] = Endpoints
    if (found === undefined) throw new PipelineError('dms/refused', `there is no endpoint ${endpoint}`)
    return { name: found.S3Settings?.BucketFolder ?? '', isSettled: found.Status === 'active' }
  }
}

function folderOf(load: string): string {
  return `landing/loads/${load}`
}
