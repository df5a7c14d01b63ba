import { createHash } from 'node:crypto'
import type { Column } from '../../core/contract/language/column.ts'
import { heldType } from '../../core/contract/language/lake-columns.ts'
import { type MaskKey, masker, type PiiClass } from '../../core/contract/masking/pii.ts'
import { literal } from '../sql/sql-text.ts'
import { canonicalTextSql } from './canonical-sql.ts'

/**
 * The lake value of a personal one, in SQL, as `masker` makes it; undefined where that is not certain. `sql` is in the form
 * of `FastValue`, of the type that the column holds. The SQL of a hash contains the key: it is never logged.
 * Throws RangeError for a key that is too short.
 */
export function maskSql(column: Column, key: MaskKey, sql: string): string | undefined {
  const { pii, treatment } = column
  if (pii === undefined || treatment === 'clear' || treatment === 'drop') return sql
  /* As the codec does when it is made: a key that is too short must not pass because no row needs it. */
  masker(pii, treatment, key)
  if (treatment === 'tokenise') return undefined
  const type = heldType(column)
  if (treatment === 'mask' && CONSTANT.has(pii)) return `CASE WHEN ${sql} IS NULL THEN NULL ELSE '***' END`
  if (treatment === 'mask' && pii === 'birth-date')
    return type.kind === 'date' ? `CAST(date_trunc('year', ${sql}) AS DATE)` : undefined
  const text = canonicalTextSql(type, sql)
  if (text === undefined) return undefined
  return treatment === 'hash' ? hmacSql(key, text) : MASKS[pii]?.(text)
}

const CONSTANT: ReadonlySet<PiiClass> = new Set(['address', 'nir', 'free-text', 'secret'])

const BLOCK_BYTES = 64

/* RFC 2104, out of DuckDB's sha256 of bytes, which gives hex. */
function hmacSql(key: MaskKey, text: string): string {
  const padded = Buffer.alloc(BLOCK_BYTES)
  padded.set(key.length > BLOCK_BYTES ? createHash('sha256').update(key).digest() : key)
  const pad = (mask: number) => `unhex('${Buffer.from(padded.map((byte) => byte ^ mask)).toString('hex')}')`
  return `sha256(${pad(0x5c)} || unhex(sha256(${pad(0x36)} || encode(${text}))))`
}

/* What JavaScript's \s is; RE2's own is less. */
const SPACE =
  '\\t-\\r \\x{00a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}'
const ADDRESS = `^[^@${SPACE}]+@([A-Za-z0-9.-]+)$`

const MASKS: Readonly<Partial<Record<PiiClass, (text: string) => string>>> = {
  name: (text) => `(${firstSql(text, 1)} || '***')`,
  email: (text) => {
    const domain = `regexp_extract(${text}, ${literal(ADDRESS)}, 1)`
    return `('***' || CASE WHEN ${domain} = '' THEN '' ELSE '@' || ${domain} END)`
  },
  phone: (text) => `('***' || ${lastSql(text, 2)})`,
  iban: (text) => `(${firstSql(text, 2)} || '***' || ${lastSql(text, 4)})`,
}

/* Characters are code points in DuckDB, too. A null text stays null: `length` of it is, but CASE would not be. */
function firstSql(text: string, count: number): string {
  return `CASE WHEN ${text} IS NULL THEN NULL WHEN length(${text}) > ${count} THEN left(${text}, ${count}) ELSE '' END`
}

function lastSql(text: string, count: number): string {
  return `CASE WHEN ${text} IS NULL THEN NULL WHEN length(${text}) >= ${3 * count} THEN right(${text}, ${count}) ELSE '' END`
}
