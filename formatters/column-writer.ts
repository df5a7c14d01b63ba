import type { Column } from '../core/contract/language/column.ts'
import { type ValuePlace, valueWriterOf, type WriteValue } from './value-writer.ts'

const KINDS_IN_ORDER: ReadonlySet<string> = new Set(['integer', 'smallint', 'decimal', 'double'])
/* Numbers of so many characters have different floats, in the order of the numbers. */
const EXACT_LENGTH = 15

/** The writer of a column, from bytes to bytes; undefined where a rule of the column asks for its value. */
export function columnWriterOf(column: Column): WriteValue | undefined {
  const { type, pii, treatment, beyond, min, max, check } = column
  const isClear = pii === undefined || treatment === 'clear'
  if (!isClear || treatment === 'drop' || beyond !== undefined || check !== undefined) return undefined
  const write = valueWriterOf(type)
  if (write === undefined || (min === undefined && max === undefined)) return write
  return KINDS_IN_ORDER.has(type.kind) ? boundedWriter(write, { min, max }) : undefined
}

/* What is out of its bounds is refused by the reference. */
function boundedWriter(write: WriteValue, { min, max }: Pick<Column, 'min' | 'max'>): WriteValue {
  const [least, most] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY]
  return (out, value) => {
    const number = numberOf(value)
    return number >= least && number <= most && write(out, value)
  }
}

/* NaN for what is too long to be compared as a float. */
function numberOf({ bytes, start, end }: ValuePlace): number {
  return end - start > EXACT_LENGTH ? Number.NaN : Number(bytes.toString('latin1', start, end))
}
