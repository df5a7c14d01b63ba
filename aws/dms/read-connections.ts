import {
  type DatabaseMigrationServiceClient,
  DescribeConnectionsCommand,
} from '@aws-sdk/client-database-migration-service'
import { type CallName, callAws, isNamed } from '../call-aws.ts'
import type { RetryPolicy } from '../retry.ts'

/** The last test of a connection between a replication instance and an endpoint. */
export interface TestedConnection {
  readonly endpoint: string
  /** `successful`, `testing`, `failed`, `deleting`. */
  readonly status: string
}

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }

/**
 * Tested connections of a replication instance, by endpoint ARN; none of one that was never tested. DMS's own words of a
 * failure may quote a host and a user: they are left out. Throws `aws/unavailable` and `aws/refused`.
 */
export async function readConnections(
  { client, retry }: { readonly client: DatabaseMigrationServiceClient; readonly retry: RetryPolicy },
  instance: string,
): Promise<readonly TestedConnection[]> {
  const command = new DescribeConnectionsCommand({
    Filters: [{ Name: 'replication-instance-arn', Values: [instance] }],
    MaxRecords: 100,
  })
  return callAws(call, retry, async (abortSignal) => {
    try {
      const { Connections = [] } = await client.send(command, { abortSignal })
      return Connections.map(({ EndpointArn = '', Status = 'unknown' }) => ({
        endpoint: EndpointArn,
        status: Status,
      }))
    } catch (error) {
      /* How DMS says that nothing was tested. */
      if (isNamed(error, 'ResourceNotFoundFault')) return []
      throw error
    }
  })
}
