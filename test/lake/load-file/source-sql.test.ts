import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDate, parseTimestamp, toMicrosText } from '../../../core/contract/value/temporal.ts'
import { JsonNumber } from '../../../core/json.ts'
import type { FileColumn, FileType } from '../../../lake/load-file/file-column.ts'
import { sourceRow } from '../../../lake/load-file/source-sql.ts'
import { dayText, instantText } from '../../../lake/load-file/source-time.ts'

function column(kind: Exclude<FileType['kind'], 'decimal'>): FileColumn {
  return { name: '__proto__', type: { kind }, ref: 'c0', isOwn: false }
}

function streamValue(kind: Exclude<FileType['kind'], 'decimal'>, text: string) {
  return Object.values(sourceRow([column(kind)], [text]))[0]
}

test('a float is written with digits that give it back, as JSON', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = streamValue('double', Object.is(value, -0) ? '-0.0' : String(value))
      expect(text instanceof JsonNumber && Object.is(Number(text.text), value)).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = streamValue('float', Object.is(value, -0) ? '-0.0' : String(value))
      expect(text instanceof JsonNumber && Object.is(Math.fround(Number(text.text)), value)).toBe(true)
    }),
  )
})

test('a NaN is the same whatever its sign, which DuckDB prints', () => {
  for (const kind of ['double', 'float'] as const)
    expect(['nan', '-nan'].map((text) => streamValue(kind, text))).toEqual(['NaN', 'NaN'])
})

test('every day and every microsecond of the years 1 to 9999 is written as the contract reads it', () => {
  const [first, last] = [parseDate('0001-01-01') ?? 0, parseDate('9999-12-31') ?? 0]
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), (day) => {
      expect(parseDate(dayText(String(day)))).toBe(day)
    }),
  )
  const DAY = 86_400_000_000n
  fc.assert(
    fc.property(fc.bigInt({ min: BigInt(first) * DAY, max: BigInt(last + 1) * DAY - 1n }), (micros) => {
      const instant = parseTimestamp(instantText(String(micros)))
      expect(instant === undefined ? undefined : toMicrosText(instant)).toBe(String(micros))
    }),
  )
})

test('a column may have a name that every object has already', () => {
  const row = sourceRow([column('int'), { ...column('text'), name: 'b' }], ['1', null])
  expect(Object.entries(row)).toEqual([
    ['__proto__', 1],
    ['b', null],
  ])
})
