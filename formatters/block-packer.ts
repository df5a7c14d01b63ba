import { hash } from 'node:crypto'
import { type Block, type BlockHeader, type BlockLabel, encodeBlockHeader } from '../core/block.ts'
import { ByteWriter } from '../core/bytes/byte-writer.ts'
import type { Position } from '../core/position.ts'
import type { Route } from './route.ts'

/** What changes were read from. */
export type BlockOrigin =
  | { readonly origin: 'page'; readonly page: string }
  | { readonly origin: 'redrive' | 'replay' }

const DIGEST_DIGITS = 16
/* Most blocks are small, and grow to what they hold. */
const FIRST_BYTES = 16 << 10
/* The label's three counts, as one digit each. */
const COUNTS = { ordinal: 0, changes: 0, rows: 0 }

/** Packs the lake rows of changes into blocks of at most `maxBytes`, whose labels say what each holds. */
export class BlockPacker {
  private readonly header: BlockHeader
  private readonly origin: BlockOrigin
  private readonly maxBytes: number
  /** Bytes of a header but for the digits of its counts. */
  private readonly headerBytes: number
  private readonly blocks: Block[] = []
  private readonly body = new ByteWriter(FIRST_BYTES)
  private rows = 0
  private changes = 0
  private first: Position = ''
  private last: Position = ''

  constructor(
    { table: { name, version }, codec }: Route,
    { maxBytes, origin }: { readonly maxBytes: number; readonly origin: BlockOrigin },
  ) {
    this.header = { table: name, version, columns: codec.columns }
    this.origin = origin
    this.maxBytes = maxBytes
    const place = '0'.repeat(32)
    const label = this.label({ ...COUNTS, first: place, last: place, digest: '0'.repeat(DIGEST_DIGITS) })
    this.headerBytes = Buffer.byteLength(encodeBlockHeader({ ...this.header, label })) - 3
  }

  /** Adds the lines of one change, each a row; false, and nothing added, when they alone pass the limit. */
  add(position: Position, lines: Uint8Array, rows: number): boolean {
    return this.addRows(position, lines, rows, 1)
  }

  /** Adds the mark of a refused change, which is a row and no change; as `add`. */
  addMark(position: Position, line: Uint8Array): boolean {
    return this.addRows(position, line, 1, 0)
  }

  private addRows(position: Position, lines: Uint8Array, rows: number, changes: number): boolean {
    const size = lines.length
    const here = this.origin.origin === 'page' ? this.blocks.length : 0
    const isEmpty = this.rows === 0
    const alone = isEmpty || this.origin.origin !== 'page' ? here : here + 1
    if (this.sizeWith(alone, 1, rows) + size > this.maxBytes) return false
    const whole = this.sizeWith(here, this.changes + changes, this.rows + rows)
    if (whole + this.body.size + size > this.maxBytes) this.close()
    const isFirst = this.rows === 0
    if (isFirst || position < this.first) this.first = position
    if (isFirst || position > this.last) this.last = position
    this.body.bytes(lines)
    this.rows += rows
    this.changes += changes
    return true
  }

  /** The blocks, in the order of their ordinals. */
  finish(): readonly Block[] {
    this.close()
    return this.blocks
  }

  private sizeWith(ordinal: number, changes: number, rows: number): number {
    return this.headerBytes + digitsOf(ordinal) + digitsOf(changes) + digitsOf(rows)
  }

  private close(): void {
    const { header, rows, changes, first, last } = this
    if (rows > 0) {
      const body = this.body.take()
      const digest = hash('sha256', body).slice(0, DIGEST_DIGITS)
      const ordinal = this.origin.origin === 'page' ? this.blocks.length : 0
      const label = this.label({ ordinal, changes, rows, first, last, digest })
      const text = Buffer.concat([Buffer.from(encodeBlockHeader({ ...header, label })), body])
      this.blocks.push({ table: header.table, version: header.version, rows, text, label })
    }
    this.rows = 0
    this.changes = 0
  }

  private label(counts: Omit<BlockLabel, 'origin' | 'page'>): BlockLabel {
    const { origin } = this
    return { origin: origin.origin, page: origin.origin === 'page' ? origin.page : '', ...counts }
  }
}

/* How many a count has. */
function digitsOf(count: number): number {
  let digits = 1
  for (let rest = count; rest >= 10; rest = Math.floor(rest / 10)) digits += 1
  return digits
}
