import { maskedType } from '../masking/pii.ts'
import type { ColumnType } from '../value/type.ts'
import type { Column } from './column.ts'
import type { Table } from './table.ts'

/** One column of a table in the lake, system columns aside. */
export interface LakeColumn {
  readonly name: string
  readonly type: ColumnType
  /** The contract column its values come from; `_absent` names that one. */
  readonly contractColumn: string
  /** How the lake value is made of the contract column's canonical value. */
  readonly part: 'value' | 'millis' | 'micros'
}

/** Contract columns that reach the lake, in order: the order of values in a block. */
export function blockColumns(table: Table): readonly string[] {
  return Object.entries(table.columns).flatMap(([name, column]) =>
    column.treatment === 'drop' ? [] : [name],
  )
}

/** The columns of history, base and current: a `timestampMicros` becomes two. */
export function lakeColumns(table: Table): readonly LakeColumn[] {
  return blockColumns(table).flatMap((name): LakeColumn[] => {
    const column = table.columns[name]
    if (column === undefined) return []
    const type = maskedType(heldType(column), column.pii, column.treatment)
    if (type.kind !== 'timestampMicros') return [{ name, type, contractColumn: name, part: 'value' }]
    return [
      { name, type: { kind: 'timestamp' }, contractColumn: name, part: 'millis' },
      { name: `${name}_micros`, type: { kind: 'bigint' }, contractColumn: name, part: 'micros' },
    ]
  })
}

/** The type that holds every value the contract lets through: text where it says `beyond: 'text'`. */
export function heldType({ type, beyond }: Column): ColumnType {
  return beyond === 'text' ? { kind: 'string' } : type
}
