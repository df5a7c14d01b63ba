import * as z from 'zod'
import { itemOfImage } from '../../aws/dynamo/attribute-values.ts'
import type { Item } from '../../core/ports/item-table.ts'
import type { OrderedRecord } from '../runtime/run-in-order.ts'

/** A page's head item, from the raw table or from its stream. */
export interface PageItem {
  readonly item: Item
  /** When the item was written, epoch milliseconds, to the second; undefined where nobody says. */
  readonly writtenAt: number | undefined
}

/** A page's head item as the stream of the raw table shows it. */
export interface StreamHead extends OrderedRecord, PageItem {}

const attribute = z.object({ S: z.string().optional(), N: z.string().optional(), B: z.string().optional() })
const record = z.object({
  eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
  dynamodb: z.object({
    SequenceNumber: z.string().min(1),
    SizeBytes: z.number().min(0),
    ApproximateCreationDateTime: z.number().optional(),
    NewImage: z.record(z.string(), attribute).optional(),
  }),
})
const streamEvent = z.object({ Records: z.array(record) })

/** The size of a head whose content lies in parts: larger than any group, so that it is worked on alone. */
const ALONE = Number.MAX_SAFE_INTEGER

/**
 * The heads in an event of the raw table's stream, in its order: parts have no digest, and what expires (REMOVE by TTL)
 * is no news. The filter of the event source leaves both out; this holds without it. Throws ZodError for another event.
 */
export function streamHeads(event: unknown): readonly StreamHead[] {
  return streamEvent.parse(event).Records.flatMap(({ eventName, dynamodb }) => {
    const { SequenceNumber, SizeBytes, ApproximateCreationDateTime: seconds, NewImage: image } = dynamodb
    if (eventName === 'REMOVE' || image?.['digest'] === undefined) return []
    return {
      sequence: SequenceNumber,
      bytes: image['parts'] === undefined ? SizeBytes : ALONE,
      item: itemOfImage(image),
      writtenAt: seconds === undefined ? undefined : seconds * 1_000,
    }
  })
}
