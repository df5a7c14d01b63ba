import { json } from './fake-partial-faults.ts'
import {
  type Exchange,
  errorAnswer,
  type Fault,
  type FaultPlan,
  type Forward,
  operationOf,
} from './fault-proxy.ts'

/**
 * Glue's optimistic lock, which moto does not have: an update that names another version than the table's is refused.
 * Updates pass one at a time.
 */
export function withVersionCheck(plan: FaultPlan): FaultPlan {
  let turn: Promise<unknown> = Promise.resolve()
  const check = async (exchange: Exchange, forward: Forward) => {
    const body: {
      readonly DatabaseName: string
      readonly TableInput: { readonly Name: string }
      readonly VersionId?: string
    } = JSON.parse(exchange.body.toString())
    const asked = { DatabaseName: body.DatabaseName, Name: body.TableInput.Name }
    const found = await forward({
      ...exchange,
      headers: { ...exchange.headers, 'x-amz-target': 'AWSGlue.GetTable' },
      body: Buffer.from(JSON.stringify(asked)),
    })
    const { VersionId } = JSON.parse(found.body.toString()).Table
    return body.VersionId === undefined || body.VersionId === VersionId
      ? forward(exchange)
      : errorAnswer(exchange, 400, 'ConcurrentModificationException')
  }
  return (exchange, number) => {
    const fault = plan(exchange, number)
    if (operationOf(exchange) !== 'UpdateTable') return fault
    return (asked, forward) => {
      const checked: Forward = (one) => {
        const done = turn.then(() => check(one, forward))
        turn = done.catch(() => undefined)
        return done
      }
      return fault === undefined ? checked(asked) : fault(asked, checked)
    }
  }
}

/** Glue does every other partition of a batch and answers 200; notes the size of each batch that came. */
export function failedPartitions(sizes: number[]): Fault {
  return async (exchange, forward) => {
    const name = { BatchCreatePartition: 'PartitionInputList', BatchDeletePartition: 'PartitionsToDelete' }[
      operationOf(exchange)
    ]
    if (name === undefined) return forward(exchange)
    const body: Record<string, readonly { readonly Values: readonly string[] }[]> = JSON.parse(
      exchange.body.toString(),
    )
    const items = body[name] ?? []
    sizes.push(items.length)
    const taken = items.filter((_, index) => index % 2 === 0)
    const answer = await forward({
      ...exchange,
      body: Buffer.from(JSON.stringify({ ...body, [name]: taken })),
    })
    const { Errors = [] } = JSON.parse(answer.body.toString())
    const failed = items
      .filter((_, index) => index % 2 === 1)
      .map(({ Values }) => ({
        PartitionValues: Values,
        ErrorDetail: { ErrorCode: 'InternalServiceException' },
      }))
    return json({ Errors: [...Errors, ...failed] })
  }
}
