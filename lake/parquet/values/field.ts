/** The Parquet types that a lake column can have. Timestamps are UTC instants. */
export type ParquetType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int32'; readonly logical?: 'int16' | 'date' }
  | { readonly kind: 'int64'; readonly logical?: 'timestamp-millis' | 'timestamp-micros' }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'string' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly of: ParquetField }
  | { readonly kind: 'struct'; readonly fields: readonly ParquetField[] }

/** A column, a struct member or a list element. The name of a list element is always written `element`. */
export interface ParquetField {
  readonly name: string
  readonly type: ParquetType
  readonly nullable: boolean
}

/** The types that hold values themselves. */
export type LeafType = Exclude<ParquetType, { kind: 'list' } | { kind: 'struct' }>

/**
 * The canonical values: boolean → boolean; int32 → number; int64 → safe number, bigint or digits;
 * float, double → number; string → well-formed text; binary → bytes; decimal → text such as `-12.30`;
 * list → array; struct → members by name or in order. Null where the field is nullable.
 */
export type ParquetValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly ParquetValue[]
  | { readonly [name: string]: ParquetValue }

const maxPrecision = 38
const maxDepth = 32

/** Throws a RangeError for a schema that no Parquet file can have. */
export function checkFields(fields: readonly ParquetField[]): void {
  checkMembers(fields, 'the file', 0)
}

function checkMembers(fields: readonly ParquetField[], owner: string, depth: number): void {
  if (fields.length === 0) throw new RangeError(`${owner} has no fields`)
  const names = new Set(fields.map((field) => field.name))
  if (names.size !== fields.length) throw new RangeError(`${owner} has two fields of one name`)
  for (const field of fields) {
    if (field.name === '') throw new RangeError(`${owner} has a field without a name`)
    checkType(field.type, field.name, depth)
  }
}

function checkType(type: ParquetType, name: string, depth: number): void {
  if (depth > maxDepth) throw new RangeError(`${name} is nested deeper than ${maxDepth} levels`)
  if (type.kind === 'list') checkType(type.of.type, `${name}.element`, depth + 1)
  if (type.kind === 'struct') checkMembers(type.fields, name, depth + 1)
  if (type.kind !== 'decimal') return
  const { precision, scale } = type
  if (!Number.isInteger(precision) || precision < 1 || precision > maxPrecision)
    throw new RangeError(`${name}: decimal precision must be 1 to ${maxPrecision}`)
  if (!Number.isInteger(scale) || scale < 0 || scale > precision)
    throw new RangeError(`${name}: decimal scale must be 0 to its precision`)
}
