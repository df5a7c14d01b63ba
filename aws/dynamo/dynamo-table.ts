import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { asFailure, type CallName, isTransient } from '../calls/call-aws.ts'
import { Attempts, type RetryPolicy } from '../calls/retry.ts'

/** A DynamoDB table whose key is `pk` and `sk`, both text, and whose TTL attribute is `expires`. */
export interface DynamoTable {
  readonly client: DynamoDBClient
  readonly name: string
  readonly retry: RetryPolicy
}

const BATCH_ITEMS = 25
const BATCHES_AT_ONCE = 8
/* Half of what one request may hold: the SDK keeps it as text and as bytes at once. */
const BATCH_BYTES = 8 << 20

/**
 * Puts and deletes in the order given, 25 in a request at most; of requests with one key the last counts, for the service
 * refuses a batch that holds both. What the service leaves unprocessed is sent again, alone. Every request is done
 * when it resolves; some may be when it throws.
 */
export async function writeBatches(
  table: DynamoTable,
  name: CallName,
  requests: readonly WriteRequest[],
): Promise<void> {
  const single = new Map(requests.map((request) => [keyOf(request), request]))
  let batch: WriteRequest[] = []
  let bytes = 0
  for (const request of single.values()) {
    const size = requestBytes(request)
    if (batch.length === BATCH_ITEMS || (batch.length > 0 && bytes + size > BATCH_BYTES)) {
      await writeBatch(table, name, batch)
      batch = []
      bytes = 0
    }
    batch.push(request)
    bytes += size
  }
  if (batch.length > 0) await writeBatch(table, name, batch)
}

async function writeBatch(table: DynamoTable, name: CallName, batch: readonly WriteRequest[]): Promise<void> {
  const attempts = new Attempts(table.retry)
  let left: readonly WriteRequest[] = batch
  for (;;) {
    let cause: unknown
    try {
      const command = new BatchWriteItemCommand({ RequestItems: { [table.name]: [...left] } })
      const { UnprocessedItems } = await table.client.send(command, { abortSignal: attempts.signal })
      const unprocessed = UnprocessedItems?.[table.name] ?? []
      if (unprocessed.length === 0) return
      if (unprocessed.length < left.length) attempts.progressed()
      left = unprocessed
    } catch (error) {
      if (!isTransient(error)) throw asFailure(name, error)
      cause = error
    }
    if (!(await attempts.again())) throw asFailure(name, cause)
  }
}

/** The same as `writeBatches` for requests that need no order: several batches are on their way at once. */
export async function writeSpread(
  table: DynamoTable,
  name: CallName,
  requests: readonly WriteRequest[],
): Promise<void> {
  const single = [...new Map(requests.map((request) => [keyOf(request), request])).values()]
  const lanes = Math.min(BATCHES_AT_ONCE, Math.ceil(single.length / BATCH_ITEMS))
  const size = Math.ceil(single.length / Math.max(1, lanes))
  const writing = Array.from({ length: lanes }, (_, lane) =>
    writeBatches(table, name, single.slice(lane * size, (lane + 1) * size)),
  )
  /* All of them end before the first error is told: nothing is written after the call. */
  for (const done of await Promise.allSettled(writing)) if (done.status === 'rejected') throw done.reason
}

function keyOf({ PutRequest, DeleteRequest }: WriteRequest): string {
  const { pk, sk } = PutRequest?.Item ?? DeleteRequest?.Key ?? {}
  return JSON.stringify([pk?.S, sk?.S])
}

/* As it travels: bytes become base64. */
function requestBytes({ PutRequest }: WriteRequest): number {
  return Object.entries(PutRequest?.Item ?? {}).reduce(
    (sum, [name, { S = '', B }]) =>
      sum + name.length + 32 + Buffer.byteLength(S) + Math.ceil((B?.length ?? 0) / 3) * 4,
    0,
  )
}
