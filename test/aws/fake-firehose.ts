import type { Block } from '../../core/block.ts'
import type { Delivery, ObjectStore } from '../../core/ports/ports.ts'
import { FolderDelivery } from '../../local/stores/folder-delivery.ts'
import { json } from './fake-partial-faults.ts'
import { errorAnswer, type Forward, operationOf } from './fault-proxy.ts'

interface PutBody {
  readonly Records: readonly { readonly Data: string }[]
}

/**
 * PutRecordBatch over what plays Firehose on one machine, with the limits of the API. It answers when the records' object
 * is written; Firehose answers when it keeps them, and writes later.
 */
export function fakeFirehose(objects: ObjectStore): {
  readonly answer: Forward
  readonly calls: number[][]
} {
  const delivery: Delivery = new FolderDelivery({
    objects,
    now: Date.now,
    hints: { bytes: 1_000, milliseconds: 5 },
  })
  const calls: number[][] = []
  const answer: Forward = async (exchange) => {
    if (operationOf(exchange) !== 'PutRecordBatch')
      return errorAnswer(exchange, 400, 'UnknownOperationException')
    const { Records }: PutBody = JSON.parse(exchange.body.toString())
    const contents = Records.map(({ Data }) => Buffer.from(Data, 'base64'))
    const sizes = contents.map(({ length }) => length)
    calls.push(sizes)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (sizes.length < 1 || sizes.length > 500 || total > 4 << 20 || sizes.some((size) => size > 1_024_000))
      return errorAnswer(exchange, 400, 'ValidationException')
    await delivery.put(contents.map((text): Block => ({ table: '', version: 0, rows: 0, text })))
    return json({ FailedPutCount: 0, RequestResponses: sizes.map((_, index) => ({ RecordId: `r${index}` })) })
  }
  return { answer, calls }
}
