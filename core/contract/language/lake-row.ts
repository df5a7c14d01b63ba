import type { CanonicalValue } from '../../block.ts'
import type { Operation } from '../../change.ts'
import type { Position } from '../../position.ts'
import type { ColumnType } from '../value/type.ts'

/** A column before those of the contract in every file of history and base. */
interface SystemColumn {
  readonly name: keyof SystemValues
  readonly type: ColumnType
  readonly nullable: boolean
}

/** What a row says of itself. */
interface SystemValues {
  readonly _op: LakeOperation
  readonly _position: Position
  readonly _revision: number
  /** Epoch milliseconds of the commit; null for rows of a load. */
  readonly _committed_at: number | null
  /** Columns the source did not send; null when none is missing. */
  readonly _absent: readonly string[] | null
  /** JSON text of source fields the contract does not know. */
  readonly _extra: string | null
}

/**
 * Operations of lake rows: a change of the key becomes a delete and an insert. `refused` is no change but the mark of one
 * that waits in quarantine: its key and position, so that no value from before it is taken for one from after it.
 */
export type LakeOperation = Operation

/** The system columns, in the order of files and of rows: the one list of them. */
export const systemColumns = [
  { name: '_op', type: { kind: 'string' }, nullable: false },
  { name: '_position', type: { kind: 'string' }, nullable: false },
  { name: '_revision', type: { kind: 'integer' }, nullable: false },
  { name: '_committed_at', type: { kind: 'timestamp' }, nullable: true },
  { name: '_absent', type: { kind: 'list', of: { kind: 'string' } }, nullable: true },
  { name: '_extra', type: { kind: 'string' }, nullable: true },
] as const satisfies readonly SystemColumn[]

type ValuesOf<C extends readonly SystemColumn[]> = { readonly [At in keyof C]: SystemValues[C[At]['name']] }

/** A change after its contract, in the order of the block line: system columns first, then the contract's columns. */
export type LakeRow = readonly [...system: ValuesOf<typeof systemColumns>, ...values: CanonicalValue[]]
