import { hash } from 'node:crypto'
import { type Block, type BlockHeader, type BlockLabel, encodeBlockHeader } from '../core/block.ts'
import type { Position } from '../core/position.ts'
import type { Route } from './route.ts'

/** What changes were read from. */
export type BlockOrigin =
  | { readonly origin: 'page'; readonly page: string }
  | { readonly origin: 'redrive' | 'replay' }

const DIGEST_DIGITS = 16
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
  private lines: string[] = []
  private bytes = 0
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

  /** Adds the rows of one change; false, and nothing added, when they alone pass the limit. */
  add(position: Position, rows: readonly string[]): boolean {
    return this.addRows(position, rows, 1)
  }

  /** Adds the mark of a refused change, which is a row and no change; as `add`. */
  addMark(position: Position, row: string): boolean {
    return this.addRows(position, [row], 0)
  }

  private addRows(position: Position, rows: readonly string[], changes: number): boolean {
    const size = rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0)
    const here = this.origin.origin === 'page' ? this.blocks.length : 0
    const isEmpty = this.lines.length === 0
    const alone = isEmpty || this.origin.origin !== 'page' ? here : here + 1
    if (this.sizeWith(alone, 1, rows.length) + size > this.maxBytes) return false
    const whole = this.sizeWith(here, this.changes + changes, this.lines.length + rows.length)
    if (whole + this.bytes + size > this.maxBytes) this.close()
    const isFirst = this.lines.length === 0
    if (isFirst || position < this.first) this.first = position
    if (isFirst || position > this.last) this.last = position
    this.lines.push(...rows)
    this.bytes += size
    this.changes += changes
    return true
  }

  /** The blocks, in the order of their ordinals. */
  finish(): readonly Block[] {
    this.close()
    return this.blocks
  }

  private sizeWith(ordinal: number, changes: number, rows: number): number {
    return this.headerBytes + [ordinal, changes, rows].reduce((sum, count) => sum + String(count).length, 0)
  }

  private close(): void {
    const { header, lines, changes, first, last } = this
    if (lines.length > 0) {
      const body = lines.join('')
      const digest = hash('sha256', body).slice(0, DIGEST_DIGITS)
      const ordinal = this.origin.origin === 'page' ? this.blocks.length : 0
      const label = this.label({ ordinal, changes, rows: lines.length, first, last, digest })
      const text = Buffer.from(encodeBlockHeader({ ...header, label }) + body)
      this.blocks.push({ table: header.table, version: header.version, rows: lines.length, text, label })
    }
    this.lines = []
    this.bytes = 0
    this.changes = 0
  }

  private label(counts: Omit<BlockLabel, 'origin' | 'page'>): BlockLabel {
    const { origin } = this
    return { origin: origin.origin, page: origin.origin === 'page' ? origin.page : '', ...counts }
  }
}
