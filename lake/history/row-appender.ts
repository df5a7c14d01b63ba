import type { ArrayReader } from '../../core/bytes/array-reader.ts'
import { dayAt } from '../../core/bytes/time-bytes.ts'
import { valueKind } from '../../core/bytes/value-reader.ts'
import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import type { ParquetType } from '../parquet/values/field.ts'
import type { ColumnBuilder } from '../parquet/writer.ts'
import { parquetValueOf } from './parquet-value.ts'

/** Appends to a column the value at a place of a row that was read, which is not null. */
export type AppendValue = (row: ArrayReader, index: number, bytes: Buffer) => void

/* As many digits as every number has that is exact. */
const EXACT_DIGITS = 15
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39]

/** How the values of a lake column come into its Parquet column, from bytes where they are plain. */
export function valueAppender(column: LakeColumn, builder: ColumnBuilder | undefined): AppendValue {
  if (builder === undefined) throw new RangeError('a column without its Parquet column')
  const convert = parquetValueOf(column)
  const byValue: AppendValue = (row, index, bytes) =>
    builder.append(convert(JSON.parse(row.json(index, bytes))))
  const fast = column.part === 'millis' ? undefined : fastAppender(builder, builder.field.type)
  if (fast === undefined) return byValue
  return (row, index, bytes) => {
    if (!fast(row, index, bytes)) byValue(row, index, bytes)
  }
}

/* False, and nothing appended, for a value that is not plain. */
function fastAppender(
  builder: ColumnBuilder,
  type: ParquetType,
): ((row: ArrayReader, index: number, bytes: Buffer) => boolean) | undefined {
  switch (type.kind) {
    case 'string':
      return (row, index, bytes) => {
        if (row.kind(index) !== valueKind.plain) return false
        builder.appendText(bytes, row.start(index), row.end(index))
        return true
      }
    case 'int32':
    case 'int64':
      return (row, index, bytes) => {
        const number =
          type.logical === 'date'
            ? dateAt(row, index, bytes)
            : integerAt(row, index, bytes, type.kind === 'int64')
        if (number === undefined) return false
        builder.append(number)
        return true
      }
    case 'decimal':
      return (row, index, bytes) => {
        if (row.kind(index) !== valueKind.plain) return false
        builder.append(bytes.toString('latin1', row.start(index), row.end(index)))
        return true
      }
    default:
      return undefined
  }
}

function dateAt(row: ArrayReader, index: number, bytes: Buffer): number | undefined {
  const [start, end] = [row.start(index), row.end(index)]
  return row.kind(index) === valueKind.plain && end - start === 10 ? dayAt(bytes, start) : undefined
}

/** An integer, where `mayBeText` with or without quotes; undefined for any other value, and for one that a number may not hold. */
export function integerAt(
  row: ArrayReader,
  index: number,
  bytes: Buffer,
  mayBeText: boolean,
): number | undefined {
  const kind = row.kind(index)
  if (kind !== valueKind.number && !(mayBeText && kind === valueKind.plain)) return undefined
  const [start, end] = [row.start(index), row.end(index)]
  const digits = bytes[start] === MINUS ? start + 1 : start
  if (end === digits || end - digits > EXACT_DIGITS) return undefined
  let number = 0
  for (let at = digits; at < end; at += 1) {
    const code = bytes[at] ?? 0
    if (code < ZERO || code > NINE) return undefined
    number = number * 10 + code - ZERO
  }
  return digits > start ? -number : number
}
