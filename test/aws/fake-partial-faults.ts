import { type Answer, type Exchange, type Fault, operationOf } from './fault-proxy.ts'

interface WriteBody {
  readonly RequestItems: Readonly<Record<string, readonly unknown[]>>
}

/** DynamoDB does the first half of a batch and gives the rest back; a batch of one is given back every other time. */
export function unprocessed(): Fault {
  let turn = 0
  return async (exchange, forward) => {
    if (operationOf(exchange) !== 'BatchWriteItem') return forward(exchange)
    const { RequestItems }: WriteBody = JSON.parse(exchange.body.toString())
    const [[table, requests] = ['', []]] = Object.entries(RequestItems)
    turn += 1
    const done = requests.length === 1 ? turn % 2 : Math.ceil(requests.length / 2)
    const left = { [table]: requests.slice(done) }
    if (done === 0) return json({ UnprocessedItems: left })
    const body = Buffer.from(JSON.stringify({ RequestItems: { [table]: requests.slice(0, done) } }))
    const answer = await forward({ ...exchange, body })
    return answer.status === 200 && requests.length > done ? json({ UnprocessedItems: left }) : answer
  }
}

interface PutBody {
  readonly Records: readonly unknown[]
}

/** Firehose takes every other record and answers 200. */
export const failedRecords: Fault = async (exchange: Exchange, forward) => {
  const body: PutBody = JSON.parse(exchange.body.toString())
  const taken = body.Records.map((_, index) => index % 2 === 0)
  const kept = { ...body, Records: body.Records.filter((_, index) => taken[index]) }
  if (kept.Records.length > 0) {
    const answer = await forward({ ...exchange, body: Buffer.from(JSON.stringify(kept)) })
    if (answer.status !== 200) return answer
  }
  return json({
    FailedPutCount: taken.filter((isTaken) => !isTaken).length,
    RequestResponses: taken.map((isTaken, index) =>
      isTaken
        ? { RecordId: `r${index}` }
        : { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
    ),
  })
}

export function json(value: unknown, status = 200): Answer {
  const body = Buffer.from(JSON.stringify(value))
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'content-length': String(body.length) }
  return { status, headers, body }
}
