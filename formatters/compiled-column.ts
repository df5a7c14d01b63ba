import type { CanonicalValue } from '../core/block.ts'
import type { Column } from '../core/contract/language/column.ts'
import { columnDecoder } from '../core/contract/language/out-of-range.ts'
import type { Table } from '../core/contract/language/table.ts'
import { type MaskKey, masker } from '../core/contract/masking/pii.ts'
import type { Decode } from '../core/contract/value/canonical.ts'
import { Refusal } from '../core/contract/value/refusal.ts'
import type { JsonValue } from '../core/json.ts'
import type { Reason } from '../core/ports/ports.ts'
import { conditionsOf } from './conditions.ts'

/** A column of a contract, ready to be applied to values of its source. */
export interface CompiledColumn {
  readonly name: string
  readonly source: string
  readonly isKey: boolean
  readonly isKept: boolean
  readonly nullable: boolean
  readonly decode: Decode
  readonly conditions: (value: CanonicalValue) => readonly string[]
  readonly mask: (value: CanonicalValue) => CanonicalValue
  /** Of a field that is missing, as the source would write it; null is no field either. */
  readonly defaultValue: JsonValue
}

export function compileColumns(table: Table, key: MaskKey): readonly CompiledColumn[] {
  return Object.entries(table.columns).map(([name, column]) => compile(name, column, table, key))
}

function compile(name: string, column: Column, table: Table, key: MaskKey): CompiledColumn {
  return {
    name,
    source: column.from ?? name,
    isKey: table.primaryKey.includes(name),
    isKept: column.treatment !== 'drop',
    nullable: column.nullable,
    decode: columnDecoder(column),
    conditions: conditionsOf(column),
    mask: column.pii === undefined ? (value) => value : masker(column.pii, column.treatment, key),
    defaultValue: column.default ?? null,
  }
}

/** The canonical value of what the source wrote, null where it has none; null, with a reason, when there is none. */
export function canonicalOf(column: CompiledColumn, value: JsonValue, reasons: Reason[]): CanonicalValue {
  const { name, nullable, decode, conditions } = column
  if (value === null) {
    if (!nullable) reasons.push({ code: 'format/missing-value', path: name, message: 'must not be null' })
    return null
  }
  const decoded = decode(value)
  if (decoded instanceof Refusal) {
    reasons.push({ code: 'format/bad-value', path: `${name}${decoded.path}`, message: decoded.reason })
    return null
  }
  /* Nulled by its rule, which only columns that may be null have. */
  if (decoded === null) return null
  for (const message of conditions(decoded)) reasons.push({ code: 'format/bad-value', path: name, message })
  return decoded
}
