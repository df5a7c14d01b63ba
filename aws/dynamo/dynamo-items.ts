import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type {
  Item,
  ItemChange,
  ItemCondition,
  ItemKey,
  ItemRange,
  ItemShape,
  ItemTable,
  ItemWrite,
} from '../../core/ports/item-table.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import { type Attributes, attributeOf, attributesOf, itemOf } from './attribute-values.ts'
import { type DynamoTable, writeBatches, writeSpread } from './dynamo-table.ts'

/** Of the raw table: its keys, and of other attributes `table` and `committed`. */
export const HEADS = 'heads'

/*
 * An item may have 409,600 bytes, names and keys included (a key of it at most 3,072). A partition takes 1,000 write units
 * a second.
 */
const SHAPE: ItemShape = { inlineBytes: 350 << 10, spread: 16, callsAtOnce: 8, isVerified: false }

/** The table of raw pages. */
export function rawItems(table: DynamoTable): ItemTable {
  return new DynamoItems(table, { code: 'raw/unavailable', what: `raw store ${table.name}` })
}

/** The table of quarantine, encrypted with its key. */
export function quarantineItems(table: DynamoTable): ItemTable {
  return new DynamoItems(table, { code: 'quarantine/unavailable', what: 'quarantine' })
}

/** The table of the ledger, of leases and of marks. */
export function ledgerItems(table: DynamoTable): ItemTable {
  return new DynamoItems(table, { code: 'ledger/unavailable', what: `ledger ${table.name}` })
}

/** Items on DynamoDB. Keeps the guarantees of `ItemTable`, with any number of writers on any number of machines. */
export class DynamoItems implements ItemTable {
  readonly shape = SHAPE
  private readonly table: DynamoTable
  private readonly call: CallName

  constructor(table: DynamoTable, call: CallName) {
    this.table = table
    this.call = call
  }

  write(writes: readonly ItemWrite[]): Promise<void> {
    return writeBatches(this.table, this.call, writes.map(requestOf))
  }

  writeSpread(writes: readonly ItemWrite[]): Promise<void> {
    return writeSpread(this.table, this.call, writes.map(requestOf))
  }

  putIf(item: Item, conditions: readonly ItemCondition[]): Promise<boolean> {
    const input = { TableName: this.table.name, Item: attributesOf(item), ...conditionOf(conditions) }
    return this.conditional((abortSignal) =>
      this.table.client.send(new PutItemCommand(input), { abortSignal }),
    )
  }

  changeIf(
    { pk, sk }: ItemKey,
    { set, remove }: ItemChange,
    conditions: readonly ItemCondition[],
  ): Promise<boolean> {
    const names = new Names()
    const sets = Object.entries(set).map(([name, value]) => `${names.name(name)} = ${names.value(value)}`)
    const removes = remove.map((name) => names.name(name))
    const UpdateExpression = [
      ...(sets.length === 0 ? [] : [`SET ${sets.join(', ')}`]),
      ...(removes.length === 0 ? [] : [`REMOVE ${removes.join(', ')}`]),
    ].join(' ')
    const key = { TableName: this.table.name, Key: attributesOf({ pk, sk }) }
    const input = { ...key, UpdateExpression, ...conditionOf(conditions, names) }
    return this.conditional((abortSignal) =>
      this.table.client.send(new UpdateItemCommand(input), { abortSignal }),
    )
  }

  deleteIf({ pk, sk }: ItemKey, conditions: readonly ItemCondition[]): Promise<boolean> {
    const key = { TableName: this.table.name, Key: attributesOf({ pk, sk }) }
    const input = { ...key, ...conditionOf(conditions) }
    return this.conditional((abortSignal) =>
      this.table.client.send(new DeleteItemCommand(input), { abortSignal }),
    )
  }

  async get({ pk, sk }: ItemKey): Promise<Item | undefined> {
    const { client, name: TableName, retry } = this.table
    const command = new GetItemCommand({ TableName, Key: attributesOf({ pk, sk }), ConsistentRead: true })
    const { Item: found } = await callAws(this.call, retry, (abortSignal) =>
      client.send(command, { abortSignal }),
    )
    return found === undefined ? undefined : itemOf(found)
  }

  /** Read as items are asked for, one answer (1 MB at most) at a time. */
  async *range(pk: string, range: ItemRange = {}): AsyncGenerator<Item> {
    const { client, name: TableName, retry } = this.table
    if (isEmpty(range)) return
    const query = { ...queryOf(pk, range), TableName }
    let ExclusiveStartKey: Attributes | undefined
    do {
      const command = new QueryCommand({
        ...query,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      })
      const found = await callAws(this.call, retry, (abortSignal) => client.send(command, { abortSignal }))
      for (const item of found.Items ?? []) yield itemOf(item)
      ExclusiveStartKey = found.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
  }

  private conditional(send: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    return callAws(this.call, this.table.retry, async (signal) => {
      try {
        await send(signal)
        return true
      } catch (error) {
        if (isNamed(error, 'ConditionalCheckFailedException')) return false
        throw error
      }
    })
  }
}

/** Names and values of an expression: in place of every name stands another one, for many are reserved. */
class Names {
  readonly names: Record<string, string> = {}
  readonly values: Record<string, AttributeValue> = {}

  name(name: string): string {
    const known = Object.entries(this.names).find(([, one]) => one === name)?.[0]
    if (known !== undefined) return known
    const short = `#n${Object.keys(this.names).length}`
    this.names[short] = name
    return short
  }

  value(value: string | number): string {
    const short = `:v${Object.keys(this.values).length}`
    this.values[short] = attributeOf(value)
    return short
  }

  /** What a request has of them; the service refuses empty ones. */
  parts(): Pick<QueryCommandInput, 'ExpressionAttributeNames' | 'ExpressionAttributeValues'> {
    return {
      ...(Object.keys(this.names).length === 0 ? {} : { ExpressionAttributeNames: this.names }),
      ...(Object.keys(this.values).length === 0 ? {} : { ExpressionAttributeValues: this.values }),
    }
  }
}

function requestOf(write: ItemWrite) {
  return write.kind === 'put'
    ? { PutRequest: { Item: attributesOf(write.item) } }
    : { DeleteRequest: { Key: attributesOf({ ...write.key }) } }
}

function conditionOf(conditions: readonly ItemCondition[], names = new Names()) {
  const texts = conditions.map((condition) => {
    if (condition.kind === 'absent') return `attribute_not_exists(${names.name('pk')})`
    const sign = condition.kind === 'equal' ? '=' : '<'
    return `${names.name(condition.name)} ${sign} ${names.value(condition.value)}`
  })
  return { ConditionExpression: texts.join(' OR '), ...names.parts() }
}

function queryOf(pk: string, range: ItemRange): Omit<QueryCommandInput, 'TableName'> {
  const { having, order = 'up', atOnce, isLate = false, isBrief = false } = range
  const names = new Names()
  const partition = `${names.name('pk')} = ${names.value(pk)}`
  const keys = sortKeysOf(range, names)
  const filter =
    having === undefined ? undefined : `${names.name(having.name)} >= ${names.value(having.atLeast)}`
  return {
    KeyConditionExpression: keys === undefined ? partition : `${partition} AND ${keys}`,
    ...(filter === undefined ? {} : { FilterExpression: filter }),
    ...(atOnce === undefined ? {} : { Limit: atOnce }),
    ...(isBrief ? { IndexName: HEADS } : {}),
    ConsistentRead: !isLate && !isBrief,
    ScanIndexForward: order === 'up',
    ...names.parts(),
  }
}

/* One condition on the sort key is all that a query takes. */
function sortKeysOf({ from, to, prefix }: ItemRange, names: Names): string | undefined {
  if (prefix !== undefined) return `begins_with(${names.name('sk')}, ${names.value(prefix)})`
  if (from !== undefined && to !== undefined)
    return `${names.name('sk')} BETWEEN ${names.value(from)} AND ${names.value(to)}`
  if (from !== undefined) return `${names.name('sk')} >= ${names.value(from)}`
  return to === undefined ? undefined : `${names.name('sk')} <= ${names.value(to)}`
}

/* The service refuses a range that ends before it begins. */
function isEmpty({ from, to }: ItemRange): boolean {
  return from !== undefined && to !== undefined && Buffer.compare(Buffer.from(from), Buffer.from(to)) > 0
}
