import { createHash } from 'node:crypto'
import type { WriteRequest } from '@aws-sdk/client-dynamodb'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CallName } from '../calls/call-aws.ts'
import { type DynamoTable, type Item, putOf, queryItems } from './dynamo-table.ts'

/*
 * An item may have 409,600 bytes, names and keys included (a key of it at most 3,072). What does not fit lies in parts,
 * items of their own under a name that says their content, so that other bytes never take their place.
 */
export const inlineBytes = 350 << 10
const PART_BYTES = 380 << 10

/** The first 16 hex digits of the SHA-256. */
export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}

/** The puts of the parts that hold a content. */
export function partsOf(name: string, content: Buffer, expires: Item): readonly WriteRequest[] {
  return Array.from({ length: partCount(content) }, (_, index) =>
    putOf({
      pk: { S: name },
      sk: { S: partKey(index) },
      content: { B: content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES) },
      ...expires,
    }),
  )
}

/** How many parts a content needs; 0 when it fits into its item. */
export function partCount(content: Uint8Array): number {
  return content.length <= inlineBytes ? 0 : Math.ceil(content.length / PART_BYTES)
}

export function partKey(index: number): string {
  return `part-${String(index).padStart(5, '0')}`
}

/** The content that lies in parts. Throws `raw/corrupt` when a part is missing or is another one. */
export async function readParts(
  table: DynamoTable,
  call: CallName,
  name: string,
  { parts, digest }: { readonly parts: number; readonly digest: string },
): Promise<Buffer> {
  const found: Uint8Array[] = []
  const query = {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :part)',
    ExpressionAttributeValues: { ':pk': { S: name }, ':part': { S: 'part-' } },
  }
  for await (const { content } of queryItems(table, call, query)) found.push(content?.B ?? new Uint8Array())
  const whole = Buffer.concat(found)
  if (found.length !== parts || digestOf(whole) !== digest)
    throw new PipelineError('raw/corrupt', `${call.what}: ${found.length} of ${parts} parts, or other bytes`)
  return whole
}
