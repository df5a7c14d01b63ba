import * as z from 'zod'
import type { StreamRecord } from '../../core/stream-record.ts'
import type { OrderedRecord } from '../runtime/run-in-order.ts'

/** A record of a Kinesis event. */
export interface KinesisRecord extends StreamRecord, OrderedRecord {
  readonly shard: string
}

const record = z.object({
  /** `<shard>:<sequence number>`. */
  eventID: z.string().regex(/^[^:]+:\d+$/),
  kinesis: z.object({ sequenceNumber: z.string().min(1), partitionKey: z.string(), data: z.string() }),
})
const kinesisEvent = z.object({ Records: z.array(record) })

/** The records of a Kinesis event, which come from one shard in its order. Throws ZodError for another event. */
export function kinesisRecords(event: unknown): readonly KinesisRecord[] {
  return kinesisEvent.parse(event).Records.map(({ eventID, kinesis }) => {
    const data = Buffer.from(kinesis.data, 'base64')
    return {
      shard: eventID.slice(0, eventID.indexOf(':')),
      sequence: kinesis.sequenceNumber,
      partitionKey: kinesis.partitionKey,
      data,
      bytes: data.length,
    }
  })
}
