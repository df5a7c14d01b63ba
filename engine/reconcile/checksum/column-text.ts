import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { identifier } from '../../../lake/sql/sql-text.ts'
import { NAN_BITS } from './nested-text.ts'

/** How one engine says what keys and rows are joined with. Arguments and results are SQL expressions. */
export interface TextSql {
  text(value: string): string
  /** Bytes of a text in UTF-8. */
  byteLength(text: string): string
  /** Texts that are not null, hundreds of them too, with commas between them, in time linear in their length. */
  joined(texts: readonly string[]): string
}

export const duckdbText: TextSql = {
  text: (value) => `CAST(${value} AS VARCHAR)`,
  byteLength: (text) => `strlen(${text})`,
  joined: (texts) => `concat_ws(',', ${texts.join(', ')})`,
}

/**
 * The SQL that makes DuckDB write a lake column in its comparison text: equal values have the text that the source has,
 * different values different ones. Null stays null.
 */
export function columnText({ name, type, part }: LakeColumn): string {
  const value = identifier(name)
  return part === 'micros'
    ? `strftime(make_timestamp(${value}), '%Y-%m-%d %H:%M:%S.%f')`
    : expression(value, type, 0)
}

function expression(value: string, type: ColumnType, depth: number): string {
  switch (type.kind) {
    case 'timestamp':
    case 'timestampMicros':
      return `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g')`
    case 'double':
    case 'real':
      /* One text for every NaN. */
      return `CASE WHEN isnan(${value}) THEN '${NAN_BITS}' ELSE lower(hex(${value}::DOUBLE::BIT::BLOB)) END`
    case 'binary':
      return `lower(hex(${value}))`
    case 'list': {
      /* A name for each level: an inner element must not hide the outer one. */
      const element = `e${depth}`
      const text = framed(expression(element, type.of, depth + 1))
      const all = `array_to_string(list_transform(${value}, lambda ${element}: ${text}), '')`
      return `CASE WHEN ${value} IS NOT NULL THEN ${all} END`
    }
    case 'struct': {
      const members = Object.entries(type.fields).map(([name, field]) =>
        member(expression(`${value}.${identifier(name)}`, field, depth + 1)),
      )
      return `CASE WHEN ${value} IS NOT NULL THEN ${ended(members, duckdbText)} END`
    }
    default:
      return duckdbText.text(value)
  }
}

/** A member in the text of the list or struct that holds it: `-` for null, else `=` and its text; a comma ends it, one inside is escaped. */
export function framed(text: string): string {
  return `${member(text)} || ','`
}

function member(text: string): string {
  return `coalesce('=' || replace(replace(${text}, '\\', '\\\\'), ',', '\\,'), '-')`
}

/* As one flat expression: `||` between them would copy what there is so far once for each, and nest as deep as they are many. */
function ended(members: readonly string[], { joined }: TextSql): string {
  return `${joined(members)} || ','`
}

/** The text of a key: each column with its length in bytes in front, `-` for null, so that no two keys share one. */
export function joinedText(texts: readonly string[], { text: textOf, byteLength }: TextSql): string {
  return texts.map((text) => `coalesce(${textOf(byteLength(text))} || ':' || ${text}, '-')`).join(' || ')
}

/** The text of a row, which only its digest is made of: each column's text once, so that no engine makes it twice. */
export function rowText(columns: readonly LakeColumn[], texts: readonly string[], engine: TextSql): string {
  return ended(
    columns.map(({ type }, index) => rowMember(type, texts[index] ?? 'NULL')),
    engine,
  )
}

function rowMember(type: ColumnType, text: string): string {
  return isPlain(type) ? `coalesce(${text}, '-')` : member(text)
}

/** Whether the texts of a type have neither comma nor backslash and are never `-`: they need no escape. */
export function isPlain({ kind }: ColumnType): boolean {
  return PLAIN.includes(kind)
}

const PLAIN: readonly ColumnType['kind'][] = [
  ...(['bigint', 'integer', 'smallint', 'double', 'real', 'boolean'] as const),
  ...(['decimal', 'date', 'timestamp', 'timestampMicros', 'binary'] as const),
]
