import {
  type DatabaseMigrationServiceClient,
  DescribeReplicationTasksCommand,
} from '@aws-sdk/client-database-migration-service'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** A task with what it was told: both JSON, settings with everything that DMS filled in. */
export interface TaskDefinition {
  readonly status: string
  readonly hasRun: boolean
  /** ARN of its replication instance. */
  readonly instance: string
  readonly mappings: string
  readonly settings: string
}

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }

/** Throws `dms/refused` when there is no such task, `aws/unavailable` and `aws/refused`. */
export async function readTask(
  { client, retry }: { readonly client: DatabaseMigrationServiceClient; readonly retry: RetryPolicy },
  arn: string,
): Promise<TaskDefinition> {
  const command = new DescribeReplicationTasksCommand({
    Filters: [{ Name: 'replication-task-arn', Values: [arn] }],
    WithoutSettings: false,
  })
  const { ReplicationTasks: [found] = [] } = await callAws(call, retry, (abortSignal) =>
    client.send(command, { abortSignal }),
  )
  const { Status, TableMappings, ReplicationTaskSettings, ReplicationTaskStartDate, ReplicationInstanceArn } =
    found ?? {}
  if (Status === undefined || TableMappings === undefined)
    throw new PipelineError('dms/refused', `there is no task ${arn}`)
  return {
    status: Status,
    hasRun: ReplicationTaskStartDate !== undefined,
    instance: ReplicationInstanceArn ?? '',
    mappings: TableMappings,
    settings: ReplicationTaskSettings ?? '{}',
  }
}
