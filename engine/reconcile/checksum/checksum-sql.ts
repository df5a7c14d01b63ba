import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import { columnText, type DigestColumn, digestText, duckdbText, joinedText, rowText } from './column-text.ts'
import { keySqlOf } from './nested-text.ts'

/** Rows are spread over this many buckets by the first three hex digits of the MD5 of their key text. */
export const BUCKETS = 4096

/** What is compared of a table, and where its rows are. */
export interface ComparedRows {
  readonly keys: readonly LakeColumn[]
  /** All compared columns, keys included. */
  readonly columns: readonly DigestColumn[]
  /** A relation with these columns: a name, or a SELECT in brackets. */
  readonly relation: string
  /** Only rows of these buckets, or rows whose key is in the column `key` of this relation. */
  readonly buckets?: readonly number[] | undefined
  readonly keysIn?: string | undefined
}

/**
 * SELECT of `bucket`, `row_count`, `digest_sum` for every bucket that has rows: the sum of the first 60 bits of the rows'
 * MD5. It does not depend on an order, and a row that is there twice counts twice. A bucket whose rows differ has
 * another sum but for one chance in 2^60.
 */
export function checksumSelect(rows: ComparedRows): string {
  return `SELECT bucket, count(*) AS row_count, sum(digest_bits) AS digest_sum
FROM (SELECT ${bucketOf(rows)} AS bucket, ${hexNumber(`substr(${digestOf(rows)}, 1, 15)`)} AS digest_bits
  FROM ${rows.relation}${filter(rows)}) AS digests
GROUP BY bucket`
}

/** SELECT of `key`, the text of the key, `digest`, the MD5 of the row, and more columns of the relation as they are. */
export function digestSelect(rows: ComparedRows, more: readonly string[] = []): string {
  const outputs = [`${keyTextOf(rows)} AS key`, `${digestOf(rows)} AS digest`, ...more]
  return `SELECT ${outputs.join(', ')} FROM ${rows.relation}${filter(rows)}`
}

/** SELECT of `key` and the comparison text of every column, `text_0` and so on. */
export function textsSelect(rows: ComparedRows): string {
  const named = rows.columns.map((column, index) => `${columnText(column)} AS text_${index}`)
  return `SELECT ${[`${keyTextOf(rows)} AS key`, ...named].join(', ')} FROM ${rows.relation}${filter(rows)}`
}

/** The text of a row's key: its columns joined, in the table's order. */
export function keyTextOf({ keys }: Pick<ComparedRows, 'keys'>): string {
  return joinedText(
    keys.map((key) => keySqlOf(columnText(key), key.type)),
    duckdbText,
  )
}

function digestOf({ columns }: ComparedRows): string {
  return `md5(${rowText(columns, columns.map(digestText), duckdbText)})`
}

function bucketOf(rows: ComparedRows): string {
  return hexNumber(`substr(md5(${keyTextOf(rows)}), 1, 3)`)
}

/* The number of at most 15 hex digits, as a 64-bit integer. */
function hexNumber(digits: string): string {
  return `CAST('0x' || ${digits} AS BIGINT)`
}

function filter(rows: ComparedRows): string {
  const conditions = [
    ...(rows.buckets === undefined ? [] : [`${bucketOf(rows)} IN (${rows.buckets.map(Number).join(', ')})`]),
    ...(rows.keysIn === undefined ? [] : [`${keyTextOf(rows)} IN (SELECT key FROM ${rows.keysIn})`]),
  ]
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}
