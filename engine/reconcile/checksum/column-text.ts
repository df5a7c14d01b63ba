import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { identifier } from '../../../lake/sql/sql-text.ts'
import { NAN_BITS } from './nested-text.ts'

/** How one engine says what keys and rows are joined with. Arguments and results are SQL expressions. */
export interface TextSql {
  text(value: string): string
  /** Bytes of a text in UTF-8. */
  byteLength(text: string): string
  /** Members that are not null, hundreds of them too, with commas between them, in time linear in their length. */
  joined(members: readonly Member[]): string
}

/** The SQL of a text that is joined with others, and whether the text is never more than some dozen bytes. */
export interface Member {
  readonly sql: string
  readonly isShort: boolean
}

export const duckdbText: TextSql = {
  text: (value) => `CAST(${value} AS VARCHAR)`,
  byteLength: (text) => `strlen(${text})`,
  joined: (members) => `concat_ws(',', ${members.map(({ sql }) => sql).join(', ')})`,
}

/** A lake column as it stands in the text that a row's digest is made of. */
export interface DigestColumn extends LakeColumn {
  /** An instant stands there as `instantDigest` has it, not in its comparison text: no engine has to print a date. */
  readonly isInstant: boolean
}

/** Microseconds from 1970 to the epoch that PostgreSQL counts from, and to the ends of what a contract lets through. */
const MICROS = { epoch: '946684800000000', first: '-62135596800000000', last: '253402300799999999' }

/** The SQL that makes DuckDB write a lake column for a digest. Null stays null. */
export function digestText(column: DigestColumn): string {
  return column.isInstant ? instantDigest(column) : columnText(column)
}

/*
 * The microseconds since 2000 in 16 hex digits, as PostgreSQL sends an instant. What no contract lets through is marked,
 * as no text of the source is.
 */
function instantDigest({ name, part }: LakeColumn): string {
  const value = identifier(name)
  const micros = part === 'micros' ? value : `epoch_us(${value})`
  const isOne =
    part === 'micros'
      ? `${value} BETWEEN ${MICROS.first} AND ${MICROS.last}`
      : `${value} BETWEEN make_timestamptz(${MICROS.first}) AND make_timestamptz(${MICROS.last})`
  return `CASE WHEN ${isOne} THEN lower(hex(CAST(${micros} - ${MICROS.epoch} AS BIGINT)::BIT::BLOB)) ELSE '!' || ${duckdbText.text(value)} END`
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
      const joined = ended(
        members.map((sql) => ({ sql, isShort: false })),
        duckdbText,
      )
      return `CASE WHEN ${value} IS NOT NULL THEN ${joined} END`
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
function ended(members: readonly Member[], { joined }: TextSql): string {
  return `${joined(members)} || ','`
}

/** The text of a key: each column with its length in bytes in front, `-` for null, so that no two keys share one. */
export function joinedText(texts: readonly string[], { text: textOf, byteLength }: TextSql): string {
  return texts.map((text) => `coalesce(${textOf(byteLength(text))} || ':' || ${text}, '-')`).join(' || ')
}

/** The text of a row, which only its digest is made of: each column's text once, so that no engine makes it twice. */
export function rowText(columns: readonly LakeColumn[], texts: readonly string[], engine: TextSql): string {
  return ended(
    columns.map(({ type }, index) => ({
      sql: rowMember(type, texts[index] ?? 'NULL'),
      isShort: isPlain(type) && type.kind !== 'binary',
    })),
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
