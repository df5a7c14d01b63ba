import type { Column } from '../../../core/contract/language/column.ts'
import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { quoteIdentifier } from '../../postgres/connection/quote-identifier.ts'
import { framed } from '../checksum/column-text.ts'
import { floatText, NAN_BITS, nestedText } from '../checksum/nested-text.ts'
import { ruledText } from '../checksum/ruled-text.ts'
import type { SourceType } from './source-layout.ts'

/**
 * The SQL that makes PostgreSQL write a source column in the comparison text of its lake column, and what is left to
 * do here. The texts are PostgreSQL's own: the row codec, which is being checked, has no part in them.
 */
export interface SourceText {
  readonly sql: string
  /** Applied to the text that PostgreSQL gave; null where a rule of the contract makes the value null. Undefined when the SQL says it all. */
  readonly finish: ((text: string) => string | null) | undefined
}

/** `columnText` in `engine/reconcile/checksum/` is its other half: equal values have equal texts. */
export function sourceText(lake: LakeColumn, column: Column, source: SourceType): SourceText {
  const value = quoteIdentifier(column.from ?? lake.contractColumn)
  if (column.beyond !== undefined) return { sql: printed(value, source), finish: ruledText(lake, column) }
  if (lake.part === 'micros') return { sql: instant(value, source, 'US'), finish: undefined }
  const type = lake.part === 'millis' ? lake.type : column.type
  const whole = expression(value, type, source)
  return whole === undefined
    ? { sql: `${value}::text`, finish: finisher(type) }
    : { sql: whole, finish: undefined }
}

/**
 * The SQL of an instant in a digest: its microseconds since 2000 in hex, as PostgreSQL sends it, cut to milliseconds where the
 * lake has those. Undefined for what is no instant. `DigestColumn` is its other half.
 */
export function instantDigest(lake: LakeColumn, column: Column, source: SourceType): string | undefined {
  const type = lake.part === 'value' ? column.type : { kind: 'timestamp' }
  if (type.kind !== 'timestamp') return undefined
  const value = quoteIdentifier(column.from ?? lake.contractColumn)
  const isNaive = source.name === 'timestamp'
  const typed = isNaive || source.name === 'timestamptz' ? value : `${value}::timestamptz`
  const held = lake.part === 'micros' ? typed : `date_trunc('milliseconds', ${typed})`
  return `encode(${isNaive ? 'timestamp_send' : 'timestamptz_send'}(${held}), 'hex')`
}

const INTEGERS = ['int2', 'int4', 'int8']

/* Undefined where PostgreSQL cannot make the text by itself, or could fail on a value that the column may have. */
function expression(value: string, type: ColumnType, source: SourceType): string | undefined {
  switch (type.kind) {
    case 'decimal':
      return decimal(value, type.scale, source)
    case 'timestamp':
    case 'timestampMicros':
      return instant(value, source, 'MS')
    case 'double':
    case 'real':
      return float(value, type.kind, source.name)
    case 'binary':
      return `encode(${value}, 'hex')`
    case 'string':
      return printed(value, source)
    case 'list':
      return list(value, type.of, source)
    case 'struct':
      return undefined
    default:
      return `${value}::text`
  }
}

/* A value with more decimals than the contract has must show as different, so it is not rounded. */
function decimal(value: string, scale: number, { name, modifier }: SourceType): string {
  const isDeclared = name === 'numeric' && modifier >= 4 && ((modifier - 4) & 0x7ff) === scale
  if (isDeclared) return `${value}::text`
  return `CASE WHEN ${value} = round(${value}::numeric, ${scale}) THEN round(${value}::numeric, ${scale})::text ELSE ${value}::text END`
}

/* What has no four digits of a year, the infinities too, keeps PostgreSQL's text, which no lake text is equal to. */
function instant(value: string, { name }: SourceType, digits: 'MS' | 'US'): string {
  /* A naive timestamp counts as UTC, which is the session's time zone. */
  const typed = name === 'timestamp' || name === 'timestamptz' ? value : `${value}::timestamptz`
  return `CASE WHEN ${typed} < '0001-01-01 00:00:00' THEN ${value}::text
    ELSE coalesce(to_char(${typed}, 'YYYY-MM-DD HH24:MI:SS.${digits}'), ${value}::text) END`
}

/* The digits of a float4 are those of another double: its text is read again, as the stream's is. */
function float(value: string, kind: 'double' | 'real', source: string): string | undefined {
  const isExact = source === 'float8' || INTEGERS.includes(source)
  const double =
    kind === 'real'
      ? source === 'float4'
        ? `${value}::float8`
        : undefined
      : source === 'float4'
        ? `${value}::text::float8`
        : isExact
          ? `${value}::float8`
          : undefined
  if (double === undefined) return undefined
  return `CASE WHEN ${double} = 'NaN' THEN '${NAN_BITS}' ELSE encode(float8send(${double}), 'hex') END`
}

/* Types whose cast to text is what PostgreSQL prints, but for the blanks at the end of `char(n)`, which the replicator leaves out too. */
const CAST_AS_PRINTED = [...INTEGERS, 'text', 'varchar', 'bpchar', 'numeric', 'uuid', 'date', 'json', 'jsonb']

/*
 * The text that PostgreSQL prints, as the stream and COPY do. A cast gives the same, but for `inet`, to which it adds the
 * length of the mask, and for booleans. Composite values of nulls alone are not null, so their text is asked. Bytes in a
 * text column are their hex digits.
 */
function printed(value: string, { name }: SourceType): string {
  if (name === 'bytea') return `encode(${value}, 'hex')`
  if (CAST_AS_PRINTED.includes(name)) return `${value}::text`
  return `CASE WHEN ${value}::text IS NULL OR rtrim(format('%s', ${value}), ' ') = ${value}::text
    THEN ${value}::text ELSE format('%s', ${value}) END`
}

/* An array of one dimension that begins at 1; what is none is marked, as `nested-text.ts` does. */
function list(value: string, of: ColumnType, { element }: SourceType): string | undefined {
  if (element === undefined) return undefined
  const text = member('e.value', of, element.name)
  if (text === undefined) return undefined
  /* In FROM a composite value would come apart into its columns. */
  const elements = element.isComposite
    ? `(SELECT (${value})[n] AS value, n FROM generate_subscripts(${value}, 1) AS n)`
    : `unnest(${value}) WITH ORDINALITY`
  const alias = element.isComposite ? 'AS e' : 'AS e(value, n)'
  return `CASE WHEN array_ndims(${value}) = 1 AND array_lower(${value}, 1) = 1
    THEN (SELECT string_agg(${framed(text)}, '' ORDER BY e.n) FROM ${elements} ${alias})
    WHEN array_ndims(${value}) IS NULL AND ${value} IS NOT NULL THEN ''
    ELSE '!' || ${value}::text END`
}

/* Members of an array of PostgreSQL have the types that the array's text has. */
function member(value: string, type: ColumnType, source: string): string | undefined {
  const as = { name: source, modifier: -1 }
  const isOne = (...names: readonly string[]) => names.includes(source)
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return isOne(...INTEGERS) ? `${value}::text` : undefined
    case 'decimal':
      return isOne('numeric', ...INTEGERS) ? decimal(value, type.scale, as) : undefined
    case 'double':
    case 'real':
      return float(value, type.kind, source)
    case 'timestamp':
      return isOne('timestamptz') ? instant(value, as, 'MS') : undefined
    case 'binary':
      return isOne('bytea') ? `encode(${value}, 'hex')` : undefined
    case 'boolean':
      return isOne('bool') ? `${value}::text` : undefined
    case 'time':
      return isOne('time') ? `${value}::text` : undefined
    case 'date':
      return isOne('date') ? `${value}::text` : undefined
    case 'uuid':
      return isOne('uuid') ? `${value}::text` : undefined
    case 'json':
      return isOne('json', 'jsonb') ? `${value}::text` : undefined
    case 'string':
    case 'enum':
      /* As the array's text has it: blanks of `char(n)` too. */
      return isOne('text', 'varchar')
        ? `${value}::text`
        : `CASE WHEN ${value}::text IS NOT NULL THEN format('%s', ${value}) END`
    default:
      return undefined
  }
}

function finisher(type: ColumnType): (text: string) => string {
  if (type.kind === 'double') return (text) => floatText(Number(text))
  if (type.kind === 'real') return (text) => floatText(Math.fround(Number(text)))
  if (type.kind === 'list' || type.kind === 'struct') return nestedText(type)
  return (text) => text
}
