import type { ColumnType } from '../../core/contract/value/type.ts'
import { literal } from '../sql/sql-text.ts'

/**
 * A canonical value in SQL. `sql` has the lake's type, save that instants are microseconds as BIGINT. It is what the row
 * codec makes wherever every condition is true; a condition that is false or null says nothing. Nothing in it can fail.
 */
export interface FastValue {
  readonly sql: string
  readonly certain: readonly string[]
}

/* Digits that surely fit: a list cast makes null of an element that does not. */
const DIGITS: Readonly<Record<string, readonly [sqlType: string, digits: number]>> = {
  bigint: ['BIGINT', 18],
  integer: ['INTEGER', 9],
  smallint: ['SMALLINT', 4],
}
const QUOTED = '"[^"\\\\]*"'
const BARE = '[^,{}"\\\\]+'
const ELEMENT = `(${QUOTED}|${BARE})`

/**
 * A list out of PostgreSQL's array text, `{a,"b c",NULL}`: text without escapes, and integers without nulls; undefined
 * for other elements. Bare text with the letters of NULL in it, which PostgreSQL does not print, is not certain.
 */
export function fastList(of: ColumnType, ref: string): FastValue | undefined {
  /* Empty, not null, for text that is no array: what is asked of the list must have an answer. */
  const inside = `${ref}[2:-2]`
  const whole = (element: string) =>
    `regexp_full_match(${ref}, ${literal(`\\{(${element}(,${element})*)?\\}`)})`
  const integers = DIGITS[of.kind]
  if (integers !== undefined) {
    const [sqlType, digits] = integers
    const elements = `TRY_CAST(string_split(${inside}, ',') AS ${sqlType}[])`
    const element = `-?(0|[1-9][0-9]{0,${digits - 1}})`
    return { sql: unlessEmpty(ref, `${sqlType}[]`, elements), certain: [whole(element)] }
  }
  if (of.kind !== 'string') return undefined
  const tokens = `regexp_extract_all(${inside}, ${literal(`${QUOTED}|${BARE}`)})`
  const unquoted = `list_transform(${tokens}, lambda e: CASE WHEN e = 'NULL' THEN NULL WHEN e[1] = '"' THEN e[2:-2] ELSE e END)`
  const elements = `CASE WHEN contains(${ref}, '"') OR contains(${ref}, 'NULL') THEN ${unquoted} ELSE string_split(${inside}, ',') END`
  const sql = unlessEmpty(ref, 'VARCHAR[]', elements)
  const longest = `list_max(list_transform(${sql}, lambda e: length(e)))`
  const fits = of.max === undefined ? [] : [`coalesce(${longest}, 0) <= ${of.max}`]
  const isPlain = `lambda e: e = 'NULL' OR e[1] = '"' OR NOT contains(lower(e), 'null')`
  const nulls = `(NOT contains(lower(${ref}), 'null') OR coalesce(list_bool_and(list_transform(${tokens}, ${isPlain})), true))`
  return { sql, certain: [whole(ELEMENT), nulls, ...fits] }
}

function unlessEmpty(ref: string, sqlType: string, elements: string): string {
  return `CASE WHEN ${ref} = '{}' THEN CAST([] AS ${sqlType}) ELSE ${elements} END`
}
