import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import type { ColumnType } from '../../core/contract/type.ts'
import { identifier } from '../../lake/sql-text.ts'

/** The SQL that makes DuckDB write a lake column in its comparison text; see `source-text.ts`. */
export function lakeText({ name, type, part }: LakeColumn): string {
  const value = identifier(name)
  if (part === 'micros') return `strftime(make_timestamp(${value}), '%Y-%m-%d %H:%M:%S.%f')`
  return expression(value, type)
}

function expression(value: string, type: ColumnType, depth = 0): string {
  switch (type.kind) {
    case 'timestamp':
    case 'timestampMicros':
      return `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g')`
    case 'double':
    case 'real':
      return `${value}::DOUBLE::BIT::VARCHAR`
    case 'binary':
      return `lower(hex(${value}))`
    case 'list': {
      /* A name for each level: an inner element must not hide the outer one. */
      const element = `e${depth}`
      const members = `list_transform(${value}, lambda ${element}: ${framed(expression(element, type.of, depth + 1))})`
      return `CASE WHEN ${value} IS NOT NULL THEN array_to_string(${members}, '') END`
    }
    case 'struct': {
      const members = Object.entries(type.fields).map(([name, field]) =>
        framed(expression(`${value}.${identifier(name)}`, field, depth + 1)),
      )
      return `CASE WHEN ${value} IS NOT NULL THEN ${members.join(' || ')} END`
    }
    default:
      return `${value}::VARCHAR`
  }
}

/* A member of a list or a struct, as `nested-text.ts` frames it. */
function framed(text: string): string {
  return `coalesce('=' || replace(replace(${text}, '\\', '\\\\'), ',', '\\,'), '-') || ','`
}

/** One text of several: each with its length in bytes in front, `-` for null, so that no two rows share one. */
export function joinedText(texts: readonly string[]): string {
  return texts.map((text) => `coalesce(strlen(${text}) || ':' || ${text}, '-')`).join(` || `)
}
