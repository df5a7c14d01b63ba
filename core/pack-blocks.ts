import type { Block } from './block.ts'

/**
 * Whole blocks in their order, as many together as fit into a record of `recordBytes`: a record of Firehose, which bills
 * each as a multiple of 5 KB. Throws RangeError for a block beyond a record.
 */
export function* packBlocks<B extends Pick<Block, 'text'>>(
  blocks: Iterable<B>,
  recordBytes: number,
): Generator<readonly B[]> {
  let held: B[] = []
  let bytes = 0
  for (const block of blocks) {
    const size = block.text.length
    if (size > recordBytes) throw new RangeError(`a block of ${size} bytes, limit ${recordBytes}`)
    if (bytes + size > recordBytes) {
      yield held
      held = []
      bytes = 0
    }
    held.push(block)
    bytes += size
  }
  if (held.length > 0) yield held
}
