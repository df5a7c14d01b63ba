import type { Operation } from './change.ts'
import type { Position } from './position.ts'

/** The value of one contract column, in the one JSON form each type has (see `core/contract/canonical.ts`). */
export type CanonicalValue = null | boolean | number | string | readonly CanonicalValue[]

/** Operations of lake rows: a change of the key becomes a delete and an insert. */
export type LakeOperation = Operation

/** A change after its contract, in the order of the block line: system columns first, then the contract's columns. */
export type LakeRow = readonly [
  operation: LakeOperation,
  position: Position,
  revision: number,
  /** Epoch milliseconds of the commit; null for rows of a load. */
  committedAt: number | null,
  /** Columns the source did not send; null when none is missing. */
  absent: readonly string[] | null,
  /** JSON text of source fields the contract does not know. */
  extra: string | null,
  ...values: CanonicalValue[],
]

export const SYSTEM_VALUES = 6

/** Says which table version the rows below it are of, and in which order their values stand. */
export interface BlockHeader {
  readonly table: string
  readonly version: number
  readonly columns: readonly string[]
}

/** A header line and NDJSON lake rows: the content of one Firehose record, bounded by the delivery's `maxBlockBytes`. */
export interface Block {
  readonly table: string
  readonly version: number
  readonly rows: number
  readonly text: Buffer
}

export function encodeBlockHeader(header: BlockHeader): string {
  return `${JSON.stringify({ block: 1, ...header })}\n`
}

/** A header, or undefined when the line is a row. Throws SyntaxError when it is neither, without its text. */
export function decodeBlockHeader(line: string): BlockHeader | undefined {
  if (line.startsWith('[')) return undefined
  const value = parsed(line)
  if (!isHeader(value)) throw new SyntaxError('block: neither a header of format 1 nor a row')
  return { table: value.table, version: value.version, columns: value.columns }
}

/* The platform's message would quote the line, which may be a part of a row. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isHeader(value: unknown): value is BlockHeader & { block: 1 } {
  if (typeof value !== 'object' || value === null) return false
  const { block, table, version, columns } = value as Record<string, unknown>
  const isNames = Array.isArray(columns) && columns.every((name) => typeof name === 'string')
  return block === 1 && typeof table === 'string' && Number.isInteger(version) && isNames
}
