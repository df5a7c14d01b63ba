import {
  type DatabaseMigrationServiceClient,
  DescribeReplicationInstancesCommand,
} from '@aws-sdk/client-database-migration-service'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** A replication instance as DMS describes it. */
export interface ReplicationInstance {
  /** Its name, which metrics have as a dimension. */
  readonly id: string
  /** `available`, `modifying`, `storage-full`, … */
  readonly status: string
  readonly engineVersion: string
  readonly storageGb: number
}

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }

/** Throws `dms/refused` when there is no such instance, `aws/unavailable` and `aws/refused`. */
export async function readInstance(
  { client, retry }: { readonly client: DatabaseMigrationServiceClient; readonly retry: RetryPolicy },
  arn: string,
): Promise<ReplicationInstance> {
  const command = new DescribeReplicationInstancesCommand({
    Filters: [{ Name: 'replication-instance-arn', Values: [arn] }],
  })
  const { ReplicationInstances: [found] = [] } = await callAws(call, retry, (abortSignal) =>
    client.send(command, { abortSignal }),
  )
  if (found?.ReplicationInstanceIdentifier === undefined)
    throw new PipelineError('dms/refused', `there is no replication instance ${arn}`)
  return {
    id: found.ReplicationInstanceIdentifier,
    status: found.ReplicationInstanceStatus ?? 'unknown',
    engineVersion: found.EngineVersion ?? 'unknown',
    storageGb: found.AllocatedStorage ?? 0,
  }
}
