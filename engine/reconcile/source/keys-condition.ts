import { quoteIdentifier, quoteLiteral } from '../../postgres/connection/quote-identifier.ts'
import { keyParts } from './key-parts.ts'
import { type ComparedColumn, keySql, type SourceColumns } from './source-columns.ts'

/*
 * Types whose comparison text PostgreSQL can read as the value again, and compare with the column through its index: by
 * the type of the source column, the type to read as and the form of the text. What has another form is in no column of
 * that type.
 */
const READABLE: Readonly<Record<string, readonly [string, (text: string) => boolean]>> = {
  int2: ['bigint', isInt64],
  int4: ['bigint', isInt64],
  int8: ['bigint', isInt64],
  numeric: ['numeric', (text) => /^-?\d{1,100}(\.\d{1,100})?$/.test(text)],
  text: ['text', () => true],
  varchar: ['text', () => true],
  uuid: ['uuid', (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)],
}

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

/**
 * The WHERE of a SELECT that is to give the rows of some keys, by an index where there is one. It may give more rows,
 * never fewer; empty where PostgreSQL cannot tell the keys.
 */
export function keysCondition(columns: SourceColumns, keys: ReadonlySet<string>): string {
  const readable = columns.keys.map((column) => readableAs(columns, column))
  if (readable.every((one) => one !== undefined)) {
    const rows = [...keys]
      .map(keyParts)
      .filter((parts) => readable.every((one, index) => one.isOne(parts[index] ?? '')))
    const lists = readable.map((_, index) => textArray(rows.map((parts) => parts[index] ?? '')))
    const names = readable.map((_, index) => `k${index}`)
    const values = readable.map(({ type }, index) => `k${index}::${type}`)
    const source = readable.map(({ name }) => `t.${quoteIdentifier(name)}`)
    return ` WHERE (${source.join(', ')}) IN (SELECT ${values.join(', ')} FROM unnest(${lists.join(', ')}) AS k(${names.join(', ')}))`
  }
  return columns.isKeyInSql ? ` WHERE ${keySql(columns)} = ANY (${textArray([...keys])})` : ''
}

interface Readable {
  readonly name: string
  readonly type: string
  readonly isOne: (text: string) => boolean
}

function readableAs(
  { table, layout }: SourceColumns,
  { lake, finish }: ComparedColumn,
): Readable | undefined {
  if (finish !== undefined || lake.part !== 'value') return undefined
  const name = table.columns[lake.contractColumn]?.from ?? lake.contractColumn
  const [type, isOne] = READABLE[layout.columns.get(name)?.name ?? ''] ?? []
  return type === undefined || isOne === undefined ? undefined : { name, type, isOne }
}

function textArray(texts: readonly string[]): string {
  const members = texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return `${quoteLiteral(`{${members.join(',')}}`)}::text[]`
}
