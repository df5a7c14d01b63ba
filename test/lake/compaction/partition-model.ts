import type { CanonicalValue } from '../../../core/block.ts'
import type { Column } from '../../../core/contract/language/column.ts'
import { partitionColumns } from '../../../core/contract/language/partition.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { unscaled } from '../../../core/contract/value/decimal.ts'
import { isoOfMicros, isoOfMillis, parseDate } from '../../../core/contract/value/temporal.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'

/**
 * Where a row lies in base: for each partition column its text, `2026-03-02`, `2026-03` or the number of a bucket, of
 * the row's canonical values by contract column. Days are UTC days. Throws RangeError for a value that is null.
 */
export function partitionValue(
  table: Table,
  row: Readonly<Record<string, CanonicalValue>>,
): Readonly<Record<string, string>> {
  const values = partitionColumns(table).map(({ name, contractColumn }) => {
    const column = table.columns[contractColumn]
    const rule = table.partitionBy[contractColumn]
    const value = row[contractColumn] ?? null
    if (column === undefined || rule === undefined || value === null)
      throw new RangeError(`${contractColumn}: a row without it has no partition`)
    if (typeof rule !== 'string')
      return [name, String((bucketHash(column.type, value) & 0x7fffffff) % rule.bucket)]
    return [name, dayOf(column, value).slice(0, rule === 'day' ? 10 : 7)]
  })
  return Object.fromEntries(values)
}

function dayOf({ type }: Column, value: CanonicalValue): string {
  if (typeof value === 'number') return isoOfMillis(value)
  return type.kind === 'timestampMicros' ? isoOfMicros(BigInt(String(value))) : String(value)
}

/**
 * The 32-bit hash of a canonical value, signed, as Iceberg's bucket transform has it (table spec, appendix B): Murmur3
 * of the value's bytes. Integers, days and instants are 64-bit numbers, so one number has one hash in each of its types;
 * instants count microseconds; times are text, as they are in the lake. Throws RangeError for a type without one.
 */
export function bucketHash(type: ColumnType, value: CanonicalValue): number {
  return murmur3(bytesOf(type, value))
}

function bytesOf(type: ColumnType, value: CanonicalValue): Buffer {
  const text = String(value)
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
    case 'timestampMicros':
      return int64(BigInt(text))
    case 'timestamp':
      return int64(BigInt(text) * 1000n)
    case 'date':
      return int64(BigInt(parseDate(text) ?? 0))
    case 'decimal':
      return twosComplement(unscaled(text))
    case 'uuid':
      return Buffer.from(text.replaceAll('-', ''), 'hex')
    case 'binary':
      return Buffer.from(text, 'hex')
    case 'string':
    case 'enum':
    case 'time':
      return Buffer.from(text, 'utf8')
    default:
      throw new RangeError(`a ${type.kind} has no bucket`)
  }
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

/* The fewest bytes that hold the number, most significant first. */
function twosComplement(value: bigint): Buffer {
  let length = 1
  while (BigInt.asIntN(length * 8, value) !== value) length += 1
  const hex = BigInt.asUintN(length * 8, value).toString(16)
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex')
}

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/* Murmur3, the 32-bit variant for x86, seed 0 (public domain, Austin Appleby). */
function murmur3(bytes: Buffer): number {
  let hash = 0
  const whole = bytes.length - (bytes.length % 4)
  for (let at = 0; at < whole; at += 4) {
    hash ^= mixed(bytes.readInt32LE(at))
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = bytes.length - 1; at >= whole; at -= 1) tail = (tail << 8) | (bytes[at] ?? 0)
  hash ^= mixed(tail) ^ bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

function mixed(block: number): number {
  return Math.imul(rotated(Math.imul(block, C1), 15), C2)
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
