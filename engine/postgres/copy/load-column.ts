import { literal } from '../../../lake/sql/sql-text.ts'
import type { SourceColumn } from '../catalog/source-column.ts'

/** How DuckDB makes one column of a load file out of its COPY text: SQL expressions. */
export interface LoadColumn {
  readonly name: string
  /** The value as its text, as the stream would send it. */
  readonly text: string
  /** The typed value, an error where the type cannot hold it; null for types that are text anyway. */
  readonly typed: string | null
  /** Whether the type holds the value; null for a null, and where `typed` is. */
  readonly fits: string | null
}

const BACKSLASH = literal('\\')

/* COPY's escapes, in an order that makes none out of two others: `\\` becomes the raw backspace, which COPY never sends,
   so that afterwards a backslash can only begin an escape; `\b` is the last, and at the end the two change places. */
const ESCAPES: readonly (readonly [string, string])[] = [
  ['\\\\', 'chr(8)'],
  ['\\n', 'chr(10)'],
  ['\\r', 'chr(13)'],
  ['\\t', 'chr(9)'],
  ['\\f', 'chr(12)'],
  ['\\v', 'chr(11)'],
  ['\\b', BACKSLASH],
]

const CASTS: ReadonlyMap<number, string> = new Map([
  [16, 'BOOLEAN'],
  [20, 'BIGINT'],
  [21, 'SMALLINT'],
  [23, 'INTEGER'],
  [700, 'FLOAT'],
  [701, 'DOUBLE'],
])
const BYTEA = 17
const CHAR = 1042
const DATE = 1082
const TIMESTAMPS: readonly number[] = [1114, 1184]
const NUMERIC = 1700

/** `raw` is the column of COPY's text in the SQL. A domain is written as its base type. */
export function loadColumn(column: SourceColumn, raw: string): LoadColumn {
  const { name, baseTypeOid: oid } = column
  const cast = oid === NUMERIC ? decimalOf(column) : CASTS.get(oid)
  if (cast !== undefined) return castColumn(name, raw, cast)
  if (oid === DATE) return dateColumn(name, raw)
  if (TIMESTAMPS.includes(oid)) return timestampColumn(name, raw)
  if (oid === BYTEA) return { name, text: `unhex(substr(${raw}, 4))`, typed: null, fits: null }
  const text = unescaped(raw)
  return { name, text: oid === CHAR ? `rtrim(${text}, ' ')` : text, typed: null, fits: null }
}

function castColumn(name: string, raw: string, type: string): LoadColumn {
  return {
    name,
    text: raw,
    typed: `CAST(${raw} AS ${type})`,
    fits: `${raw} IS NULL OR TRY_CAST(${raw} AS ${type}) IS NOT NULL`,
  }
}

/* DuckDB reads `0044-03-15 BC` as a year after Christ and has infinities: the years 1 to 9999 are those of ten characters. */
function dateColumn(name: string, raw: string): LoadColumn {
  const isPlain = `strlen(${raw}) = 10`
  return {
    name,
    text: raw,
    typed: `CASE WHEN ${isPlain} THEN CAST(${raw} AS DATE) WHEN ${raw} IS NOT NULL THEN error('date') END`,
    fits: isPlain,
  }
}

/* In UTC, as the connection is: a timestamp without zone counts as UTC, too. */
function timestampColumn(name: string, raw: string): LoadColumn {
  const isPlain = (value: string) =>
    `NOT suffix(${raw}, 'BC') AND ${value} BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'`
  const cast = `CAST(${raw} AS TIMESTAMPTZ)`
  return {
    name,
    text: isoText(raw),
    typed: `CASE WHEN ${isPlain(cast)} THEN ${cast} WHEN ${raw} IS NOT NULL THEN error('timestamp') END`,
    fits: `${raw} IS NULL OR coalesce(${isPlain(`TRY_CAST(${raw} AS TIMESTAMPTZ)`)}, false)`,
  }
}

/* `2024-07-29 00:58:44.8952[+00]` as `2024-07-29T00:58:44.895200Z`; other forms stay as PostgreSQL prints them. */
function isoText(raw: string): string {
  const plain = literal('\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?(\\+00)?')
  const fraction = `regexp_extract(${raw}, ${literal('\\.\\d+')})`
  return `CASE WHEN regexp_full_match(${raw}, ${plain}) THEN concat(substr(${raw}, 1, 10), 'T', substr(${raw}, 12, 8),
    CASE WHEN ${fraction} = '' THEN '' ELSE rpad(${fraction}, 7, '0') END, 'Z') ELSE ${raw} END`
}

/* The server prints exactly `scale` digits, so that no cast rounds. */
function decimalOf({ precision, scale }: SourceColumn): string | undefined {
  if (precision === undefined || scale === undefined) return undefined
  return precision <= 38 && scale >= 0 && scale <= precision ? `DECIMAL(${precision}, ${scale})` : undefined
}

function unescaped(raw: string): string {
  const isOnly = (letters: string) => `NOT regexp_matches(${raw}, ${literal(`\\\\[^${letters}]`)})`
  const isBackslashes = `regexp_full_match(${raw}, ${literal('([^\\\\]|\\\\\\\\)*')})`
  const all = `translate(${replaced(raw, ESCAPES)}, chr(8) || ${BACKSLASH}, ${BACKSLASH} || chr(8))`
  /* Lines, lines and tabs, or backslashes alone, as in JSON: most texts with escapes have no others. Of many, a pattern
     takes half the time of a plain replace. */
  return `CASE WHEN NOT contains(${raw}, ${BACKSLASH}) THEN ${raw}
    WHEN ${isOnly('n')} THEN regexp_replace(${raw}, ${literal('\\\\n')}, chr(10), 'g')
    WHEN ${isOnly('nrt')} THEN ${replaced(raw, ESCAPES.slice(1, 4))}
    WHEN ${isBackslashes} THEN regexp_replace(${raw}, ${literal('\\\\\\\\')}, ${literal('\\\\')}, 'g') ELSE ${all} END`
}

function replaced(raw: string, escapes: typeof ESCAPES): string {
  return escapes.reduce(
    (text, [sequence, character]) => `replace(${text}, ${literal(sequence)}, ${character})`,
    raw,
  )
}
