import type { Column } from '../../core/contract/column.ts'
import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import type { ColumnType } from '../../core/contract/type.ts'
import { quoteIdentifier } from '../replicator/quote-identifier.ts'
import { floatText, nestedText } from './nested-text.ts'
import { ruledText } from './ruled-text.ts'

/**
 * The SQL that makes PostgreSQL write a source column in the comparison text of its lake column, and what is left to
 * do here. The texts are PostgreSQL's own: the row codec, which is being checked, has no part in them.
 */
export interface SourceText {
  readonly sql: string
  /** Applied to the text that PostgreSQL gave; null where a rule of the contract makes the value null. */
  readonly finish: (text: string) => string | null
}

/** `lakeText` in `lake-text.ts` is its other half: equal values have equal texts. */
export function sourceText(lake: LakeColumn, column: Column): SourceText {
  const source = quoteIdentifier(column.from ?? lake.contractColumn)
  if (column.beyond !== undefined) return { sql: printed(source), finish: ruledText(lake, column) }
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
    case 'string':
      return printed(value)
    default:
      return `${value}::text`
  }
}

/*
 * The text that PostgreSQL prints, as the stream and COPY do. A cast gives the same, but for `inet`, to which it adds the
 * length of the mask, and for `char(n)`, whose blanks at the end the replicator leaves out, as the cast does. Composite
 * values of nulls alone are not null, so their text is asked. Bytes in a text column are their hex digits.
 */
function printed(value: string): string {
  return `CASE WHEN pg_typeof(${value}) = 'bytea'::regtype THEN substr(${value}::text, 3)
    WHEN pg_typeof(${value}) IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) OR ${value}::text IS NULL
    OR rtrim(format('%s', ${value}), ' ') = ${value}::text THEN ${value}::text ELSE format('%s', ${value}) END`
}

/* Cast: a naive timestamp counts as UTC, which is the session's time zone. */
function microsOf(value: string): string {
  return `to_char(${value}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`
}

function finisher(type: ColumnType): (text: string) => string {
  if (type.kind === 'double') return (text) => floatText(Number(text))
  if (type.kind === 'real') return (text) => floatText(Math.fround(Number(text)))
  if (type.kind === 'list' || type.kind === 'struct') return nestedText(type)
  return same
}

function same(text: string): string {
  return text
}
