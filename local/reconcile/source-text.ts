import type { Column } from '../../core/contract/column.ts'
import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import type { ColumnType } from '../../core/contract/type.ts'
import { quoteIdentifier } from '../replicator/quote-identifier.ts'

/**
 * The SQL that makes PostgreSQL write a source column in the comparison text of its lake column, and what is left to
 * do here. The texts are PostgreSQL's own: the row codec, which is being checked, has no part in them.
 */
export interface SourceText {
  readonly sql: string
  /** Applied to the text that PostgreSQL gave. */
  readonly finish: (text: string) => string
}

/** `lakeText` in `lake-text.ts` is its other half: equal values have equal texts. */
export function sourceText(lake: LakeColumn, column: Column): SourceText {
  const source = quoteIdentifier(column.from ?? lake.contractColumn)
  if (lake.part === 'micros') return { sql: microsOf(source), finish: same }
  const type = lake.part === 'millis' ? lake.type : column.type
  return { sql: expression(source, type), finish: finisher(type) }
}

function expression(value: string, type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      /* A value with more decimals than the contract has must show as different, so it is not rounded. */
      return `CASE WHEN ${value} = round(${value}::numeric, ${type.scale}) THEN round(${value}::numeric, ${type.scale})::text ELSE ${value}::text END`
    case 'timestamp':
    case 'timestampMicros':
      return `to_char(date_trunc('milliseconds', ${value}::timestamptz AT TIME ZONE 'UTC'), 'YYYY-MM-DD HH24:MI:SS.MS')`
    case 'binary':
      return `encode(${value}, 'hex')`
    case 'list':
      return `CASE WHEN ${value} IS NOT NULL THEN (SELECT count(*)::text || E'\\x1c' || coalesce(string_agg(coalesce(${expression('e', type.of)}, E'\\x1d'), E'\\x1e' ORDER BY n), '') FROM unnest(${value}) WITH ORDINALITY AS u(e, n)) END`
    default:
      return `${value}::text`
  }
}

/* Cast: a naive timestamp counts as UTC, which is the session's time zone. */
function microsOf(value: string): string {
  return `to_char(${value}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`
}

function finisher(type: ColumnType): (text: string) => string {
  if (type.kind === 'double') return (text) => floatText(Number(text))
  if (type.kind === 'real') return (text) => floatText(Math.fround(Number(text)))
  return same
}

function same(text: string): string {
  return text
}

/* The 64 bits, most significant first: the decimal texts of the engines differ in the last digits they print. */
function floatText(value: number): string {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  return bits.getBigUint64(0).toString(2).padStart(64, '0')
}
