import { hash } from 'node:crypto'
import { PipelineError } from '../core/failures/failures.ts'
import { type ItemShape, type ItemTable, type ItemWrite, put } from '../core/ports/item-table.ts'

/*
 * What does not fit into an item lies in parts, items of their own under a name that says their content, so that other bytes
 * never take their place. A part may be a little larger than what an item has beside other attributes.
 */
const PART_BYTES = 380 << 10

/** The first 16 hex digits of the SHA-256. */
export function digestOf(content: Uint8Array): string {
  return hash('sha256', content).slice(0, 16)
}

/** The puts of the parts that hold a content, each with more attributes; none for one that fits into its item. */
export function partsOf(
  name: string,
  content: Buffer,
  { shape, more }: { readonly shape: ItemShape; readonly more: Readonly<Record<string, number>> },
): readonly ItemWrite[] {
  return Array.from({ length: partCount(content, shape) }, (_, index) =>
    put({
      pk: name,
      sk: partKey(index),
      content: content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
      ...more,
    }),
  )
}

/** How many parts a content needs; 0 when it fits into its item. */
export function partCount(content: Uint8Array, { inlineBytes }: ItemShape): number {
  return content.length <= inlineBytes ? 0 : Math.ceil(content.length / PART_BYTES)
}

export function partKey(index: number): string {
  return `part-${String(index).padStart(5, '0')}`
}

/** The content that lies in parts. Throws `raw/corrupt` when a part is missing or is another one; `what` says of what. */
export async function readParts(
  table: ItemTable,
  name: string,
  { parts, digest, what }: { readonly parts: number; readonly digest: string; readonly what: string },
): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const { content } of table.range(name, { prefix: 'part-' }))
    found.push(content instanceof Uint8Array ? content : new Uint8Array())
  const whole = Buffer.concat(found)
  if (found.length !== parts || digestOf(whole) !== digest)
    throw new PipelineError('raw/corrupt', `${what}: ${found.length} of ${parts} parts, or other bytes`)
  return whole
}
