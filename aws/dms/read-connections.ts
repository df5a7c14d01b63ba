import {
  type DatabaseMigrationServiceClient,
  DescribeConnectionsCommand,
  type Filter,
} from '@aws-sdk/client-database-migration-service'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** The last test of a connection between a replication instance and an endpoint. */
export interface TestedConnection {
  readonly endpoint: string
  readonly instance: string
  /** `successful`, `testing`, `failed`, `deleting`. */
  readonly status: string
}

interface Reading {
  readonly client: DatabaseMigrationServiceClient
  readonly retry: RetryPolicy
}

const call: CallName = { code: 'aws/unavailable', what: 'DMS' }

/**
 * Tested connections of a replication instance, by endpoint ARN; none of one that was never tested. DMS's own words of a
 * failure may quote a host and a user: they are left out. Throws `aws/unavailable` and `aws/refused`.
 */
export function readConnections(reading: Reading, instance: string): Promise<readonly TestedConnection[]> {
  return readTests(reading, { Name: 'replication-instance-arn', Values: [instance] })
}

/** The last tests of one endpoint, by replication instance ARN, as `readConnections` reads them. */
export function readEndpointTests(reading: Reading, endpoint: string): Promise<readonly TestedConnection[]> {
  return readTests(reading, { Name: 'endpoint-arn', Values: [endpoint] })
}

function readTests({ client, retry }: Reading, filter: Filter): Promise<readonly TestedConnection[]> {
  const command = new DescribeConnectionsCommand({ Filters: [filter], MaxRecords: 100 })
  return callAws(call, retry, async (abortSignal) => {
    try {
      const { Connections = [] } = await client.send(command, { abortSignal })
      return Connections.map(({ EndpointArn = '', ReplicationInstanceArn = '', Status = 'unknown' }) => ({
        endpoint: EndpointArn,
        instance: ReplicationInstanceArn,
        status: Status,
      }))
    } catch (error) {
      /* How DMS says that nothing was tested. */
      if (isNamed(error, 'ResourceNotFoundFault')) return []
      throw error
    }
  })
}
