import type { SourceTable } from '../catalog/source-catalog.ts'
import type { SourceColumn } from '../catalog/source-column.ts'
import type { RelationColumn } from './pgoutput-decoder.ts'
import { type RenderValue, renderValueOf } from './render-value.ts'

interface LayoutColumn {
  readonly name: string
  /** `"name":` in UTF-8. */
  readonly label: Buffer
  readonly render: RenderValue
  readonly isKey: boolean
}

/** What rendering one row of a table needs, worked out once for each definition of the table. */
export interface TableLayout {
  readonly schema: string
  readonly name: string
  readonly columns: readonly LayoutColumn[]
  readonly definition: readonly SourceColumn[]
  /** Names of the primary key's columns, in its order. */
  readonly key: readonly string[]
  /** Places of the key's columns in a row. */
  readonly keyColumns: readonly number[]
  /** `schema.name` and, when there is a key, a dot. */
  readonly partitionPrefix: string
  /** The part of the metadata after the partition key. */
  readonly tableMetadata: Buffer
}

/** The layout of a table whose rows hold `definition` in this order. */
export function layoutTable(
  table: { readonly schema: string; readonly name: string },
  definition: readonly SourceColumn[],
  key: readonly string[],
): TableLayout {
  const names = definition.map((column) => column.name)
  const keyColumns = key.map((name) => names.indexOf(name)).filter((index) => index >= 0)
  return {
    schema: table.schema,
    name: table.name,
    columns: definition.map((column, index) => ({
      name: column.name,
      label: Buffer.from(`${JSON.stringify(column.name)}:`),
      render: renderValueOf(column.baseTypeOid),
      isKey: keyColumns.includes(index),
    })),
    definition,
    key: keyColumns.map((index) => names[index] ?? ''),
    keyColumns,
    partitionPrefix: `${table.schema}.${table.name}${keyColumns.length > 0 ? '.' : ''}`,
    tableMetadata: Buffer.from(
      `,"schema-name":${JSON.stringify(table.schema)},"table-name":${JSON.stringify(table.name)}`,
    ),
  }
}

export function layoutSourceTable(table: SourceTable): TableLayout {
  return layoutTable(table, table.columns, table.key)
}

/** Whether rows of the relation have exactly this layout. */
export function hasColumns(layout: TableLayout, columns: readonly RelationColumn[]): boolean {
  return (
    layout.definition.length === columns.length &&
    layout.definition.every((known, index) => {
      const column = columns[index]
      return (
        column?.name === known.name &&
        column.typeOid === known.typeOid &&
        column.typeModifier === known.typeModifier
      )
    })
  )
}
