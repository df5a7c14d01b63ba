import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { identifier } from '../../../lake/sql/sql-text.ts'
import type { Dialect } from './dialect.ts'

/**
 * The SQL that makes an engine write a lake column in its comparison text: equal values have equal texts in every engine
 * and at the source, different values different ones. Null stays null.
 */
export function columnText({ name, type, part }: LakeColumn, dialect: Dialect): string {
  const value = identifier(name)
  return part === 'micros' ? dialect.micros(value) : expression(value, type, dialect, 0)
}

function expression(value: string, type: ColumnType, dialect: Dialect, depth: number): string {
  switch (type.kind) {
    case 'timestamp':
    case 'timestampMicros':
      return dialect.instant(value)
    case 'double':
    case 'real':
      return dialect.floatBits(value)
    case 'binary':
      return dialect.hex(value)
    case 'list': {
      /* A name for each level: an inner element must not hide the outer one. */
      const element = `e${depth}`
      const text = framed(expression(element, type.of, dialect, depth + 1))
      return `CASE WHEN ${value} IS NOT NULL THEN ${dialect.joinedList(value, element, text)} END`
    }
    case 'struct': {
      const members = Object.entries(type.fields).map(([name, field]) =>
        member(expression(`${value}.${identifier(name)}`, field, dialect, depth + 1)),
      )
      return `CASE WHEN ${value} IS NOT NULL THEN ${ended(members, dialect)} END`
    }
    default:
      return dialect.text(value)
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
function ended(members: readonly string[], { joined }: Pick<Dialect, 'joined'>): string {
  return `${joined(members)} || ','`
}

/** The text of a key: each column with its length in bytes in front, `-` for null, so that no two keys share one. */
export function joinedText(texts: readonly string[], dialect: Pick<Dialect, 'text' | 'byteLength'>): string {
  return texts
    .map((text) => `coalesce(${dialect.text(dialect.byteLength(text))} || ':' || ${text}, '-')`)
    .join(' || ')
}

/** The text of a row, which only its digest is made of: each column's text once, so that no engine makes it twice. */
export function rowText(
  columns: readonly LakeColumn[],
  texts: readonly string[],
  dialect: Pick<Dialect, 'joined'>,
): string {
  return ended(
    columns.map(({ type }, index) => rowMember(type, texts[index] ?? 'NULL')),
    dialect,
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
