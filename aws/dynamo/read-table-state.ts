import { DescribeTableCommand, DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { DynamoTable } from './dynamo-table.ts'

/** A table of DynamoDB as it stands. */
export interface TableState {
  readonly status: string
  /** What its stream shows of a change; null without a stream. */
  readonly streamView: string | null
  /** Indexes that can be read. */
  readonly indexes: readonly string[]
  /** The attribute after which items expire; null when they do not. */
  readonly expiresBy: string | null
}

const call: CallName = { code: 'aws/unavailable', what: 'DynamoDB' }

/** Undefined when there is no such table. Throws `aws/unavailable` and `aws/refused`. */
export async function readTableState({ client, name, retry }: DynamoTable): Promise<TableState | undefined> {
  const table = await callAws(call, retry, async (abortSignal) => {
    try {
      return (await client.send(new DescribeTableCommand({ TableName: name }), { abortSignal })).Table
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return undefined
      throw error
    }
  })
  if (table === undefined) return undefined
  const { TimeToLiveDescription: ttl } = await callAws(call, retry, (abortSignal) =>
    client.send(new DescribeTimeToLiveCommand({ TableName: name }), { abortSignal }),
  )
  const { StreamEnabled, StreamViewType } = table.StreamSpecification ?? {}
  return {
    status: table.TableStatus ?? 'unknown',
    streamView: StreamEnabled === true ? (StreamViewType ?? null) : null,
    indexes: (table.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName, IndexStatus }) =>
      IndexName === undefined || IndexStatus !== 'ACTIVE' ? [] : [IndexName],
    ),
    expiresBy:
      ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING'
        ? (ttl.AttributeName ?? null)
        : null,
  }
}
