import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { type MaskKey, masker } from '../../../core/contract/masking/pii.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { splitTableName } from '../../../core/source-table-name.ts'
import { quoteTable } from '../../postgres/connection/quote-identifier.ts'
import { isPlain, joinedText, rowText, type TextSql } from '../checksum/column-text.ts'
import { frame, keySqlOf, keyTextOfColumn } from '../checksum/nested-text.ts'
import { comparedColumns, type SourceLayout } from './source-layout.ts'
import { sourceText } from './source-text.ts'

/** A compared column: its lake column, and how the source and this process make its comparison text. */
export interface ComparedColumn {
  readonly lake: LakeColumn
  readonly isKey: boolean
  readonly isPersonal: boolean
  /** Makes PostgreSQL's part of the text. */
  readonly sql: string
  /** Makes the text of it; undefined when the SQL says it all. */
  readonly finish: ((text: string) => string | null) | undefined
}

/** Everything that the comparison of one table needs to know of its source side. */
export interface SourceColumns {
  readonly table: Table
  readonly layout: SourceLayout
  readonly columns: readonly ComparedColumn[]
  readonly keys: readonly ComparedColumn[]
  /** Contract columns that the source does not have (any more). */
  readonly notCompared: readonly string[]
  /** Whether PostgreSQL can make the text of the keys, and of whole rows, by itself. */
  readonly isKeyInSql: boolean
  readonly isRowInSql: boolean
}

/** The mask key stays here: what it is needed for is made here, of rows that the source sends. */
export function sourceColumns(table: Table, layout: SourceLayout, maskKey: MaskKey): SourceColumns {
  const columns = comparedColumns(table, layout).flatMap((lake) =>
    comparedColumn(lake, table, layout, maskKey),
  )
  const keys = columns.filter(({ isKey }) => isKey)
  const inSql = (some: readonly ComparedColumn[]) =>
    layout.isUtf8 && some.every(({ finish }) => finish === undefined)
  return {
    ...{ table, layout, columns, keys },
    notCompared: Object.keys(table.columns).filter(
      (name) => !layout.columns.has(table.columns[name]?.from ?? name),
    ),
    isKeyInSql: inSql(keys),
    isRowInSql: inSql(columns),
  }
}

function comparedColumn(
  lake: LakeColumn,
  table: Table,
  layout: SourceLayout,
  maskKey: MaskKey,
): readonly ComparedColumn[] {
  const column = table.columns[lake.contractColumn]
  const type = layout.columns.get(column?.from ?? lake.contractColumn)
  if (column === undefined || type === undefined) return []
  const { sql, finish } = sourceText(lake, column, type)
  const isKey = table.primaryKey.includes(lake.contractColumn)
  const isPersonal = column.pii !== undefined
  if (column.pii === undefined || column.treatment === 'clear')
    return [{ lake, isKey, isPersonal, sql, finish }]
  const mask = masker(column.pii, column.treatment, maskKey)
  const masked = (text: string) => {
    const value = finish === undefined ? text : finish(text)
    return value === null ? null : String(mask(value))
  }
  return [{ lake, isKey, isPersonal, sql, finish: masked }]
}

/** `FROM` of every row: a root's rows include its partitions', a parent's not its children's. */
export function sourceRelation({ table, layout }: SourceColumns): string {
  return `${layout.isPartitioned ? '' : 'ONLY '}${quoteTable(splitTableName(table.source.table))} AS t`
}

const postgres: TextSql = {
  text: (value) => `(${value})::text`,
  byteLength: (text) => `octet_length(${text})`,
  joined: (texts) => `array_to_string(ARRAY[${texts.join(', ')}], ',')`,
}

/** The SQL of the key's text; right only where `isKeyInSql`. */
export function keySql({ keys }: SourceColumns): string {
  return joinedText(
    keys.map(({ sql, lake }) => keySqlOf(bracketed(sql), lake.type)),
    postgres,
  )
}

/** The SQL of the row's digest; right only where `isRowInSql`. */
export function digestSql({ columns }: SourceColumns): string {
  const texts = columns.map(({ sql }) => bracketed(sql))
  return `md5(${rowText(
    columns.map(({ lake }) => lake),
    texts,
    postgres,
  )})`
}

/** The SQL of the bucket of a row. */
export function bucketSql(columns: SourceColumns): string {
  return `('x' || substr(md5(${keySql(columns)}), 1, 3))::bit(12)::int`
}

function bracketed(sql: string): string {
  return `(${sql})`
}

/** The text of a row's key, as `keySql` has it, made of the comparison texts of its columns. */
export function keyTextOf(types: readonly ColumnType[], texts: readonly (string | null)[]): string {
  return types
    .map((type, index) => {
      const text = texts[index] ?? null
      if (text === null) return '-'
      const inKey = keyTextOfColumn(text, type)
      return `${Buffer.byteLength(inKey)}:${inKey}`
    })
    .join('')
}

/** The text that a row's digest is made of, as `rowText` has it. */
export function rowTextOf(columns: readonly ComparedColumn[], texts: readonly (string | null)[]): string {
  let all = ''
  for (const [index, { lake }] of columns.entries()) {
    const text = texts[index] ?? null
    all += isPlain(lake.type) ? `${text ?? '-'},` : frame(text)
  }
  return all
}
