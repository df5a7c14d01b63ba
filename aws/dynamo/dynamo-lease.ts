import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../../core/ports/ports.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { DynamoTable } from './dynamo-table.ts'

export interface DynamoLeaseSettings {
  /** The ledger's table. */
  readonly table: DynamoTable
  /** Another one for each holder: the id of the request. */
  readonly owner: string
  readonly now: Clock
}

const call: CallName = { code: 'ledger/unavailable', what: 'lease' }

/**
 * What only one holder may do at a time. Durability: taken when `take` resolves with true, until it is released or its
 * time is over; a holder that outlives its time is not stopped. Duplicates: its owner may take it again. Clocks of
 * holders must agree to the second.
 */
export class DynamoLease {
  private readonly settings: DynamoLeaseSettings

  constructor(settings: DynamoLeaseSettings) {
    this.settings = settings
  }

  /** False when another one holds it. */
  async take(name: string, milliseconds: number): Promise<boolean> {
    const { table, owner, now } = this.settings
    const until = Math.ceil((now() + milliseconds) / 1_000)
    const command = new PutItemCommand({
      TableName: table.name,
      Item: { ...keyOf(name), owner: { S: owner }, expires: { N: String(until) } },
      ConditionExpression: 'attribute_not_exists(pk) OR #owner = :owner OR expires < :now',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: owner }, ':now': { N: String(Math.floor(now() / 1_000)) } },
    })
    return callAws(call, table.retry, (abortSignal) =>
      unlessHeld(async () => {
        await table.client.send(command, { abortSignal })
      }),
    )
  }

  /** Nothing when it is another one's by now. */
  async release(name: string): Promise<void> {
    const { table, owner } = this.settings
    const command = new DeleteItemCommand({
      TableName: table.name,
      Key: keyOf(name),
      ConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: owner } },
    })
    await callAws(call, table.retry, (abortSignal) =>
      unlessHeld(async () => {
        await table.client.send(command, { abortSignal })
      }),
    )
  }
}

function keyOf(name: string) {
  return { pk: { S: `lease#${name}` }, sk: { S: 'lease' } }
}

async function unlessHeld(send: () => Promise<void>): Promise<boolean> {
  try {
    await send()
    return true
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) return false
    throw error
  }
}
