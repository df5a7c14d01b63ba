import { readJson } from './json.ts'
import type { Position } from './position.ts'

/** The value of one contract column, in the one JSON form each type has (see `core/contract/value/canonical.ts`). */
export type CanonicalValue = null | boolean | number | string | readonly CanonicalValue[]

/** Where the rows of a block come from, and what it holds: enough to miss it when it does not arrive. */
export interface BlockLabel {
  /** A page of the raw store, waiting changes that were redriven, or pages read again. */
  readonly origin: 'page' | 'redrive' | 'replay'
  /** Key of the page; empty for the other origins. */
  readonly page: string
  /** Which of the page's blocks of this contract it is, from 0; 0 for the other origins. */
  readonly ordinal: number
  /** A change of a key is one change and two rows, the mark of a refused one a row and no change. */
  readonly changes: number
  readonly rows: number
  /** Lowest and highest position of its changes. */
  readonly first: Position
  readonly last: Position
  /** The first 16 hex digits of the SHA-256 of its rows: another reading of the same page is another block. */
  readonly digest: string
  /** There when the block tells all that became of its page, and nobody else writes it down. */
  readonly isRecord?: true
}

/** Says which table version the rows below it are of, and in which order their values stand. */
export interface BlockHeader {
  readonly table: string
  readonly version: number
  readonly columns: readonly string[]
  /** Absent in blocks of before the ledger. */
  readonly label?: BlockLabel
}

/** A header line and NDJSON lake rows: the content of one Firehose record, bounded by the delivery's `maxBlockBytes`. */
export interface Block {
  readonly table: string
  readonly version: number
  readonly rows: number
  readonly text: Buffer
  readonly label?: BlockLabel
}

const NEWLINE = 10

export function encodeBlockHeader(header: BlockHeader): string {
  return `${JSON.stringify({ block: 1, ...header })}\n`
}

/** The same rows under a label that says that they are the record of their page; undefined for a block that would be too large. */
export function asRecord(block: Block, maxBytes: number): Block | undefined {
  const end = block.text.indexOf(NEWLINE) + 1
  const header = decodeBlockHeader(block.text.toString('utf8', 0, end))
  if (header?.label === undefined) return undefined
  const label: BlockLabel = { ...header.label, isRecord: true }
  const text = Buffer.concat([Buffer.from(encodeBlockHeader({ ...header, label })), block.text.subarray(end)])
  return text.length > maxBytes ? undefined : { ...block, text, label }
}

/** A header, or undefined when the line is a row. Throws SyntaxError when it is neither, without its text. */
export function decodeBlockHeader(line: string): BlockHeader | undefined {
  if (line.startsWith('[')) return undefined
  const value = readJson(line)
  if (!isHeader(value)) throw new SyntaxError('block: neither a header of format 1 nor a row')
  const { table, version, columns, label } = value
  return { table, version, columns, ...(label === undefined ? {} : { label }) }
}

function isHeader(value: unknown): value is BlockHeader & { block: 1 } {
  if (typeof value !== 'object' || value === null) return false
  const { block, table, version, columns, label } = value as Record<string, unknown>
  const isNames = Array.isArray(columns) && columns.every((name) => typeof name === 'string')
  const isLabelled = label === undefined || isLabel(label)
  return block === 1 && typeof table === 'string' && Number.isInteger(version) && isNames && isLabelled
}

function isLabel(value: unknown): value is BlockLabel {
  if (typeof value !== 'object' || value === null) return false
  const { origin, page, ordinal, changes, rows, first, last, digest, isRecord } = value as Record<
    string,
    unknown
  >
  return (
    (origin === 'page' || origin === 'redrive' || origin === 'replay') &&
    (isRecord === undefined || isRecord === true) &&
    [page, first, last, digest].every((text) => typeof text === 'string') &&
    [ordinal, changes, rows].every((number) => Number.isSafeInteger(number) && Number(number) >= 0)
  )
}
