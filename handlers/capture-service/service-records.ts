import * as z from 'zod'
import type { ShardRecord } from '../capture/capture-records.ts'
import type { OrderedRecord } from '../runtime/run-in-order.ts'

export interface ServiceRecord extends ShardRecord, OrderedRecord {}

const record = z.looseObject({
  eventSourceARN: z.string(),
  dynamodb: z.looseObject({ SequenceNumber: z.string().min(1) }),
})
const streamEvent = z.object({ Records: z.array(record) })

/** The records of a DynamoDB stream's event, in its order; each is its own JSON. Throws ZodError for another event. */
export function serviceRecords(event: unknown): readonly ServiceRecord[] {
  return streamEvent.parse(event).Records.map((given) => {
    const data = Buffer.from(JSON.stringify(given))
    const { eventSourceARN: shard } = given
    const { SequenceNumber: sequence } = given.dynamodb
    return { shard: tableOf(shard), sequence, partitionKey: '', data, bytes: data.length }
  })
}

/* An event does not name its shard; pages need a name that is the same at each delivery. */
function tableOf(arn: string): string {
  return arn.slice(arn.indexOf(':table/') + 7).replace(/[^A-Za-z0-9_.-]/g, '_')
}
