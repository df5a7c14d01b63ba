import type { SourceColumn } from '../catalog/source-column.ts'
import type { TableLayout } from './table-layout.ts'

/** One column of DMS's `table-def`. */
interface DefinedColumn {
  readonly type: string
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
  readonly nullable: boolean
}

/** The body of a control record that carries a table's definition. */
export interface TableDefinition {
  readonly columns: Readonly<Record<string, DefinedColumn>>
  readonly 'primary-key'?: readonly string[]
}

/* DMS's names of the types, by the OID of the base type; every other type is a STRING. */
const DMS_TYPES: ReadonlyMap<number, string> = new Map([
  [16, 'BOOL'],
  [17, 'BINARY'],
  [20, 'INT64'],
  [21, 'INT16'],
  [23, 'INT32'],
  [700, 'FLOAT'],
  [701, 'DOUBLE'],
  [1082, 'DATE32'],
  [1083, 'TIME32'],
  [1114, 'TIMESTAMP'],
  [1184, 'TIMESTAMP'],
  [1700, 'DECIMAL'],
])

export function defineTable(layout: TableLayout): TableDefinition {
  const columns = layout.definition.map((column) => [column.name, defineColumn(column)] as const)
  return {
    columns: Object.fromEntries(columns),
    ...(layout.key.length === 0 ? {} : { 'primary-key': layout.key }),
  }
}

function defineColumn(column: SourceColumn): DefinedColumn {
  return {
    type: DMS_TYPES.get(column.baseTypeOid) ?? 'STRING',
    ...(column.length === undefined ? {} : { length: column.length }),
    ...(column.precision === undefined ? {} : { precision: column.precision }),
    ...(column.scale === undefined ? {} : { scale: column.scale }),
    nullable: !column.notNull,
  }
}
