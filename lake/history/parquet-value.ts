import type { CanonicalValue } from '../../core/block.ts'
import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import { parseDate } from '../../core/contract/value/temporal.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import type { ParquetValue } from '../parquet/values/field.ts'

/** Turns the canonical value of a lake column into what its Parquet column takes. */
export function parquetValueOf({ type, part }: LakeColumn): (value: CanonicalValue) => ParquetValue {
  if (part === 'millis') return (value) => (typeof value === 'string' ? millisOfMicros(value) : null)
  return converterOf(type)
}

function converterOf(type: ColumnType): (value: CanonicalValue) => ParquetValue {
  switch (type.kind) {
    case 'date':
      return (value) => (typeof value === 'string' ? (parseDate(value) ?? broken(type)) : null)
    case 'binary':
      return (value) => (typeof value === 'string' ? Buffer.from(value, 'hex') : null)
    case 'double':
    case 'real':
      return (value) => (typeof value === 'string' ? Number(value) : value)
    case 'list': {
      const convert = converterOf(type.of)
      return (value) => (Array.isArray(value) ? value.map(convert) : null)
    }
    case 'struct': {
      const converts = Object.values(type.fields).map(converterOf)
      return (value) =>
        Array.isArray(value) ? converts.map((convert, index) => convert(value[index] ?? null)) : null
    }
    default:
      return (value) => value
  }
}

/* Cut towards the past, as `timestamp` is, and exact where a number is not. */
function millisOfMicros(micros: string): number {
  const near = Number(micros)
  if (Number.isSafeInteger(near)) return Math.floor(near / 1000)
  const exact = BigInt(micros)
  return Number((exact - (((exact % 1000n) + 1000n) % 1000n)) / 1000n)
}

function broken(type: ColumnType): never {
  throw new RangeError(`a block holds a value that is no ${type.kind}`)
}
