import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { type MaskKey, masker } from '../../../core/contract/masking/pii.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { splitTableName } from '../../../core/source-table-name.ts'
import { quoteTable } from '../../postgres/connection/quote-identifier.ts'
import { isPlain, joinedText, type Member, rowText, type TextSql } from '../checksum/column-text.ts'
import { frame, keySqlOf, keyTextOfColumn } from '../checksum/nested-text.ts'
import { comparedColumns, type SourceLayout } from './source-layout.ts'
import { instantDigest, sourceText } from './source-text.ts'

const BUCKET_DIGITS = 3

/** A compared column: its lake column, and how the source and this process make its comparison text. */
export interface ComparedColumn {
  readonly lake: LakeColumn
  readonly isKey: boolean
  readonly isPersonal: boolean
  /** Makes PostgreSQL's part of the text. */
  readonly sql: string
  /** The same as it stands in the text of the row's digest. */
  readonly digestSql: string
  /** See `DigestColumn`. */
  readonly isInstant: boolean
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
    table,
    layout,
    columns,
    keys,
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
  if (column.pii === undefined || column.treatment === 'clear') {
    /* The text of a key that is an instant is made anyway, and what a rule made of one is made here. */
    const instant = isKey || finish !== undefined ? undefined : instantDigest(lake, column, type)
    const digest = { digestSql: instant ?? sql, isInstant: instant !== undefined }
    return [{ lake, isKey, isPersonal, sql, ...digest, finish }]
  }
  const mask = masker(column.pii, column.treatment, maskKey)
  const masked = (text: string) => {
    const value = finish === undefined ? text : finish(text)
    return value === null ? null : String(mask(value))
  }
  return [{ lake, isKey, isPersonal, sql, digestSql: sql, isInstant: false, finish: masked }]
}

/** `FROM` of every row: a root's rows include its partitions', a parent's not its children's. */
export function sourceRelation({ table, layout }: SourceColumns): string {
  return `${layout.isPartitioned ? '' : 'ONLY '}${quoteTable(splitTableName(table.source.table))} AS t`
}

const postgres: TextSql = {
  text: (value) => `(${value})::text`,
  byteLength: (text) => `octet_length(${text})`,
  joined: (members) => {
    const [first = '', ...more] = shortsJoined(members)
    return more.length === 0 ? first : `array_to_string(ARRAY[${[first, ...more].join(', ')}], ',')`
  },
}

/* Short texts side by side become one: `||` is faster than an array of many, and copies each as often as the tree is deep. */
function shortsJoined(members: readonly Member[]): readonly string[] {
  const joined: string[] = []
  let shorts: string[] = []
  for (const { sql, isShort } of members) {
    if (isShort) shorts.push(sql)
    else {
      if (shorts.length > 0) joined.push(balanced(shorts))
      shorts = []
      joined.push(sql)
    }
  }
  return shorts.length > 0 ? [...joined, balanced(shorts)] : joined
}

function balanced(texts: readonly string[]): string {
  const [only = ''] = texts
  if (texts.length < 2) return only
  const half = Math.ceil(texts.length / 2)
  return `(${balanced(texts.slice(0, half))} || ',' || ${balanced(texts.slice(half))})`
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
  return `md5(${textSql(columns)})`
}

function textSql(columns: readonly ComparedColumn[]): string {
  const texts = columns.map((column) => bracketed(column.digestSql))
  const lakes = columns.map(({ lake }) => lake)
  return rowText(lakes, texts, postgres)
}

/** A part of the text that a row's digest is made of: of one column that this process finishes, or of some that SQL says whole. */
export interface DigestPart {
  readonly sql: string
  readonly column: ComparedColumn | undefined
}

/** The parts of the row's text, in order. What PostgreSQL can say of neighbours comes as one text: each that is cut here costs. */
export function digestParts({ columns, layout }: SourceColumns): readonly DigestPart[] {
  const parts: DigestPart[] = []
  let whole: ComparedColumn[] = []
  const close = () => {
    if (whole.length > 0) parts.push({ sql: textSql(whole), column: undefined })
    whole = []
  }
  for (const column of columns)
    if (layout.isUtf8 && column.finish === undefined) whole.push(column)
    else {
      close()
      parts.push({ sql: column.digestSql, column })
    }
  close()
  return parts
}

/** The SQL of the bucket of a row: three hex digits. */
export function bucketSql(columns: SourceColumns): string {
  return `substr(md5(${keySql(columns)}), 1, ${BUCKET_DIGITS})`
}

/** The bucket as `bucketSql` writes it. */
export function bucketText(bucket: number): string {
  return bucket.toString(16).padStart(BUCKET_DIGITS, '0')
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

/** A column's part of the text that a row's digest is made of, as `rowText` has it. */
export function partText({ lake }: ComparedColumn, text: string | null): string {
  return isPlain(lake.type) ? `${text ?? '-'},` : frame(text)
}
