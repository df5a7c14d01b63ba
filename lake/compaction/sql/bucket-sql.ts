import type { ColumnType } from '../../../core/contract/value/type.ts'

const MASK = '4294967295::UBIGINT'

/**
 * SQL of the bucket of a lake value, as text: the 32-bit Murmur3 hash of Iceberg's bucket transform (table spec, appendix
 * B), in 64-bit arithmetic that never overflows. Integers, days and instants are 64-bit numbers, so one number has one hash
 * in each of its types; instants count microseconds; times are text, as they are in the lake. Throws RangeError for a type without a bucket.
 */
export function bucketSql(value: string, type: ColumnType, buckets: number): string {
  const hash = hashSql(value, type)
  return `((${hash} & 2147483647) % ${Number(buckets)})::VARCHAR`
}

function hashSql(value: string, type: ColumnType): string {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return integerHash(`(${value})::BIGINT`)
    case 'timestamp':
      return integerHash(`epoch_us(${value})`)
    case 'date':
      return integerHash(`((${value}) - DATE '1970-01-01')::BIGINT`)
    case 'decimal':
      return bytesHash(decimalHex(`replace((${value})::VARCHAR, '.', '')::HUGEINT`))
    case 'uuid':
      return bytesHash(`replace(${value}, '-', '')`)
    case 'binary':
      return bytesHash(`hex(${value})`)
    case 'string':
    case 'enum':
    case 'time':
      return bytesHash(`hex(encode(${value}))`)
    default:
      throw new RangeError('not a type with buckets')
  }
}

function integerHash(value: string): string {
  const halves = `[(${value}) & 4294967295, ((${value}) >> 32) & 4294967295]::UBIGINT[]`
  return finished(`list_reduce(${halves}, lambda h, k: ${round('h', 'k')}, 0::UBIGINT)`, '8::UBIGINT')
}

/* Of bytes as hexadecimal text: four of them are one number, the first the least. */
function bytesHash(hex: string): string {
  const at = (place: string) => [6, 4, 2, 0].map((skip) => `substr(x, ${place} + ${skip}, 2)`).join(' || ')
  const blocks = `list_transform(range(1, length(x) - 6, 8), lambda i: ('0x0' || ${at('i')})::UBIGINT)`
  const tail = `('0x0' || ${at('(length(x) // 8 * 8 + 1)')})::UBIGINT`
  const whole = `list_reduce(${blocks}, lambda h, k: ${round('h', 'k')}, 0::UBIGINT)`
  const hash = finished(whole, `xor(${mixed(tail)}, (length(x) // 2)::UBIGINT)`)
  return bound(hex, 'x', hash)
}

/* The fewest bytes in two's complement: a negative number is its complement, all digits turned over. */
function decimalHex(unscaled: string): string {
  const size = `to_hex(CASE WHEN v < 0 THEN -(v + 1) ELSE v END)`
  /* An even number of digits, the first bit free for the sign. */
  const padded = `CASE WHEN length(d) % 2 = 1 THEN '0' || d WHEN left(d, 1) >= '8' THEN '00' || d ELSE d END`
  const digits = bound(size, 'd', padded)
  return bound(
    unscaled,
    'v',
    `CASE WHEN v < 0 THEN translate(${digits}, '0123456789ABCDEF', 'FEDCBA9876543210') ELSE ${digits} END`,
  )
}

function finished(hash: string, last: string): string {
  const steps = [
    `(xor(h, h >> 16) * 2246822507::UBIGINT & ${MASK})`,
    `(xor(h, h >> 13) * 3266489909::UBIGINT & ${MASK})`,
    'xor(h, h >> 16)',
  ]
  return steps.reduce((inner, step) => bound(inner, 'h', step), `xor(${hash}, ${last})`)
}

/* A list of one stands in for a local name: written out, the expression would double with each use. */
function bound(value: string, name: string, expression: string): string {
  return `list_transform([${value}], lambda ${name}: ${expression})[1]`
}

function round(hash: string, block: string): string {
  return `(${rotated(`xor(${hash}, ${mixed(block)})`, 13)} * 5 + 3864292196::UBIGINT & ${MASK})`
}

function mixed(block: string): string {
  return `(${rotated(`(${block} * 3432918353::UBIGINT & ${MASK})`, 15)} * 461845907::UBIGINT & ${MASK})`
}

function rotated(value: string, bits: number): string {
  return `(((${value} << ${bits}) & ${MASK}) | (${value} >> ${32 - bits}))`
}
