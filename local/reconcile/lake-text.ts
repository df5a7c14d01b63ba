import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import type { ColumnType } from '../../core/contract/type.ts'
import { identifier } from '../../lake/sql-text.ts'

/** The SQL that makes DuckDB write a lake column in its comparison text; see `source-text.ts`. */
export function lakeText({ name, type, part }: LakeColumn): string {
  const value = identifier(name)
  if (part === 'micros') return `strftime(make_timestamp(${value}), '%Y-%m-%d %H:%M:%S.%f')`
  return expression(value, type)
}

function expression(value: string, type: ColumnType): string {
  switch (type.kind) {
    case 'timestamp':
    case 'timestampMicros':
      return `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g')`
    case 'double':
    case 'real':
      return `${value}::DOUBLE::BIT::VARCHAR`
    case 'binary':
      return `lower(hex(${value}))`
    case 'list':
      return `CASE WHEN ${value} IS NOT NULL THEN len(${value}) || chr(28) || array_to_string(list_transform(${value}, lambda e: coalesce(${expression('e', type.of)}, chr(29))), chr(30)) END`
    default:
      return `${value}::VARCHAR`
  }
}

/** One text of several: each with its length in bytes in front, `-` for null, so that no two rows share one. */
export function joinedText(texts: readonly string[]): string {
  return texts.map((text) => `coalesce(strlen(${text}) || ':' || ${text}, '-')`).join(` || `)
}
