import type { Block } from './aws-schema.ts'

/* The numbers of tfplugin5's NestingMode. */
const NESTING = { single: 1, list: 2, set: 3, map: 4 } as const

interface WrittenBlock {
  readonly version: number
  readonly attributes: readonly object[]
  readonly block_types: readonly object[]
}

export interface WrittenSchema {
  readonly version: number
  readonly block: WrittenBlock
}

/** A schema as the protocol has it. */
export function writtenSchema(block: Block): WrittenSchema {
  return { version: 0, block: writtenBlock(block) }
}

function writtenBlock({ attributes, blocks }: Block): WrittenBlock {
  return {
    version: 0,
    attributes: Object.entries(attributes).map(([name, { type, ...flags }]) => ({
      ...flags,
      name,
      type: Buffer.from(JSON.stringify(type)),
    })),
    block_types: Object.entries(blocks).map(([name, nested]) => ({
      type_name: name,
      block: writtenBlock(nested.block),
      nesting: NESTING[nested.nesting_mode],
      min_items: nested.min_items ?? 0,
      max_items: nested.max_items ?? 0,
    })),
  }
}
