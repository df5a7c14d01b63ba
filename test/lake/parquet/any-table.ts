import fc from 'fast-check'
import type { ParquetField, ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'

/** A schema and rows of canonical values for it. */
export interface AnyTable {
  readonly fields: readonly ParquetField[]
  readonly rows: readonly (readonly ParquetValue[])[]
}

const leafType: fc.Arbitrary<ParquetType> = fc.oneof(
  fc.constantFrom<ParquetType>(
    { kind: 'boolean' },
    { kind: 'int32' },
    { kind: 'int32', logical: 'int16' },
    { kind: 'int32', logical: 'date' },
    { kind: 'int64' },
    { kind: 'int64', logical: 'timestamp-millis' },
    { kind: 'int64', logical: 'timestamp-micros' },
    { kind: 'float' },
    { kind: 'double' },
    { kind: 'string' },
    { kind: 'binary' },
  ),
  fc
    .constantFrom(1, 5, 9, 10, 14, 18, 19, 27, 38)
    .chain((precision) =>
      fc.integer({ min: 0, max: precision }).map((scale) => ({ kind: 'decimal', precision, scale }) as const),
    ),
)

function fieldOf(depth: number): fc.Arbitrary<Omit<ParquetField, 'name'>> {
  const type: fc.Arbitrary<ParquetType> =
    depth === 0
      ? leafType
      : fc.oneof(
          { weight: 3, arbitrary: leafType },
          { weight: 1, arbitrary: fieldOf(depth - 1).map(listOf) },
          {
            weight: 1,
            arbitrary: fc
              .array(fieldOf(depth - 1), { minLength: 1, maxLength: 3 })
              .map((members) => ({ kind: 'struct', fields: named(members, 'm') }) as const),
          },
        )
  return fc.record({ type, nullable: fc.boolean() })
}

function listOf(element: Omit<ParquetField, 'name'>): ParquetType {
  return { kind: 'list', of: { ...element, name: 'element' } }
}

function named(fields: readonly Omit<ParquetField, 'name'>[], prefix: string): readonly ParquetField[] {
  return fields.map((field, index) => ({ ...field, name: `${prefix}${index}` }))
}

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

/** An integer in each of the forms that the writer takes. */
function int64(min: bigint, max: bigint): fc.Arbitrary<ParquetValue> {
  const value = fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, -1n, 2n ** 32n, -(2n ** 32n)))
  return fc.tuple(value, fc.constantFrom('bigint', 'text', 'number')).map(([integer, form]) => {
    if (form === 'text') return integer.toString()
    return form === 'number' && Number.isSafeInteger(Number(integer)) ? Number(integer) : integer
  })
}

/** The text of an unscaled integer with `scale` decimals. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`
}

/** Without a leading U+FEFF: DuckDB's Node client drops it, so a test of its own reads that one. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 90 }),
    fc.constantFrom('', '\u{10ffff}'.repeat(20), 'é'.repeat(41), 'x'.repeat(300), '\u0000', '漢字'),
  )
  .filter((value) => !value.startsWith('\ufeff'))

/** DuckDB keeps the ends of its range for infinities and turns milliseconds into microseconds. */
function leafValue(type: ParquetType): fc.Arbitrary<ParquetValue> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean()
    case 'int32':
      if (type.logical === 'int16') return fc.integer({ min: -32768, max: 32767 })
      if (type.logical === 'date') return fc.integer({ min: -2_000_000_000, max: 2_000_000_000 })
      return fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1))
    case 'int64':
      if (type.logical === undefined) return int64(minInt64, maxInt64)
      return type.logical === 'timestamp-millis'
        ? int64(-(10n ** 15n), 10n ** 15n)
        : int64(-(10n ** 18n), 10n ** 18n)
    case 'float':
      return fc.oneof(fc.float(), fc.constantFrom(-0, 0, 0.1, 3.4028234663852886e38))
    case 'double':
      return fc.oneof(fc.double(), fc.constantFrom(-0, 0, Number.MIN_VALUE))
    case 'string':
      return text
    case 'binary':
      return fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constant(new Uint8Array(70).fill(255)))
    case 'decimal': {
      const largest = 10n ** BigInt(type.precision) - 1n
      return fc
        .oneof(
          fc.bigInt({ min: -largest, max: largest }),
          fc.bigInt({ min: -1000n < -largest ? -largest : -1000n, max: largest < 1000n ? largest : 1000n }),
          fc.constantFrom(largest, -largest, 0n),
        )
        .map((unscaled) => decimalText(unscaled, type.scale))
    }
    case 'list':
      return fc.array(anyValue(type.of), { maxLength: 4 })
    case 'struct':
      return fc
        .tuple(fc.tuple(...type.fields.map(anyValue)), fc.boolean())
        .map(([values, ordered]) =>
          ordered
            ? values
            : Object.fromEntries(values.map((value, index) => [type.fields[index]?.name, value])),
        )
  }
}

function anyValue(field: ParquetField): fc.Arbitrary<ParquetValue> {
  const value = leafValue(field.type)
  return field.nullable ? fc.oneof({ weight: 3, arbitrary: value }, fc.constant(null)) : value
}

/** Values of a column: all over the type, or a few repeated ones so that a dictionary pays. */
function columnOf(field: ParquetField, rows: number): fc.Arbitrary<readonly ParquetValue[]> {
  const size = { minLength: rows, maxLength: rows }
  const repeated = fc
    .array(anyValue(field), { minLength: 1, maxLength: 3 })
    .chain((pool) => fc.array(fc.constantFrom(...pool), size))
  return fc.oneof(fc.array(anyValue(field), size), repeated)
}

/** Any table that the writer must be able to write, up to three levels deep. */
export const anyTable: fc.Arbitrary<AnyTable> = fc
  .tuple(
    fc.array(fieldOf(2), { minLength: 1, maxLength: 5 }),
    fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 150)),
  )
  .chain(([types, rowCount]) => {
    const fields = named(types, 'c')
    return fc.tuple(...fields.map((field) => columnOf(field, rowCount))).map((columns) => ({
      fields,
      rows: Array.from({ length: rowCount }, (_, row) => columns.map((column) => column[row] ?? null)),
    }))
  })
