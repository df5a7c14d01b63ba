import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { CanonicalValue } from '../../core/block.ts'
import { type Column, col } from '../../core/contract/language/column.ts'
import { decoderOf } from '../../core/contract/value/canonical.ts'
import { Refusal } from '../../core/contract/value/refusal.ts'
import { parseJson } from '../../core/json.ts'
import { conditionsOf } from '../../formatters/conditions.ts'
import { runs } from '../support/budget.ts'

function broken(column: Column, json: string): readonly string[] {
  const value = decoderOf(column.type)(parseJson(json))
  if (value instanceof Refusal) throw new Error(`not a value of the column: ${value.reason}`)
  return conditionsOf(column)(value)
}

describe('bounds', () => {
  const pay = col.decimal(38, 10, 'Pay', { min: 0.1, max: 99.99 })

  test.each([
    ['0.1', []],
    ['0.0999999999', ['must be at least 0.1']],
    ['99.99', []],
    ['99.9900000001', ['must be at most 99.99']],
    ['-0.1', ['must be at least 0.1']],
    ['9007199254740993', ['must be at most 99.99']],
  ])('G6: a decimal %s is compared digit by digit', (json, sentences) => {
    expect(broken(pay, json)).toEqual(sentences)
  })

  test('G6: a decimal is judged as whole-number arithmetic judges it', () => {
    const bound = col.decimal(38, 4, 'Pay', { min: -12.5, max: 9_007_199_254_740_991 })
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }), (units) => {
        const size = String(units < 0n ? -units : units).padStart(5, '0')
        const text = `${units < 0n ? '-' : ''}${size.slice(0, -4)}.${size.slice(-4)}`
        expect(broken(bound, text).length === 0).toBe(
          units >= -125_000n && units <= 9_007_199_254_740_991n * 10_000n,
        )
      }),
      { numRuns: runs(500) },
    )
  })

  test('a column that is text for all rows takes what is outside as text', () => {
    const minutes = col.integer('Minutes', { max: 60, beyond: 'text', check: z.string() })
    expect(conditionsOf(minutes)('61')).toEqual([])
    expect(conditionsOf(minutes)('many')).toEqual([])
  })

  test('both bounds belong to the range', () => {
    const minutes = col.integer('Minutes', { min: 0, max: 60 })
    expect(['-1', '0', '60', '61'].map((json) => broken(minutes, json).length)).toEqual([1, 0, 0, 1])
  })

  test('what is no number is outside of every range', () => {
    const weight = col.double('Weight', { min: 0, max: 5 })
    expect(broken(weight, '"NaN"')).toEqual(['must be at least 0', 'must be at most 5'])
    expect(broken(weight, '"Infinity"')).toEqual(['must be at most 5'])
    expect(broken(weight, '"-Infinity"')).toEqual(['must be at least 0'])
    expect(broken(weight, '-0')).toEqual([])
  })

  test('the bound of a real is a real', () => {
    /* As a real 0.7 is a little less than 0.7, and 0.1 a little more than 0.1. */
    const most = col.real('Share', { min: 0.7 })
    expect(['0.7', '0.699'].map((json) => broken(most, json))).toEqual([[], ['must be at least 0.7']])
    const least = col.real('Share', { max: 0.1 })
    expect(['0.1', '0.101'].map((json) => broken(least, json))).toEqual([[], ['must be at most 0.1']])
  })
})

describe('checks', () => {
  test.each<[Column, string]>([
    [col.bigint('Number', { check: z.bigint().min(9_007_199_254_740_993n) }), '9007199254740993'],
    [
      col.timestamp('When', { check: z.literal('2026-03-02T08:15:31.123Z') }),
      '"2026-03-02T08:15:31.123456Z"',
    ],
    [
      col.timestampMicros('When', { check: z.literal('2026-03-02T08:15:31.123456Z') }),
      '"2026-03-02T08:15:31.123456Z"',
    ],
    [
      col.timestampMicros('When', { check: z.literal('1969-12-31T23:59:59.999999Z') }),
      '"1969-12-31T23:59:59.999999Z"',
    ],
    [
      col.timestampMicros('When', { check: z.literal('0001-01-01T00:00:00.000001Z') }),
      '"0001-01-01T00:00:00.000001Z"',
    ],
    [col.double('Weight', { check: z.number() }), '-0'],
    [col.binary('Bytes', { check: z.instanceof(Uint8Array).refine((bytes) => bytes[1] === 255) }), '"00ff"'],
    [col.decimal(4, 2, 'Pay', { check: z.literal('1.50') }), '1.5'],
    [col.boolean('Flag', { check: z.literal(true) }), '"true"'],
    [col.list({ kind: 'bigint' }, 'Numbers', { check: z.tuple([z.literal(5n), z.null()]) }), '[5,null]'],
    [
      col.struct({ n: { kind: 'bigint' }, at: { kind: 'timestamp', nullable: true } }, 'Document', {
        check: z.strictObject({ n: z.bigint(), at: z.iso.datetime() }),
      }),
      '"{\\"n\\":1,\\"at\\":\\"2026-03-02T08:15:31.123456Z\\"}"',
    ],
  ])('see the value of the Row type: $type.kind', (column, json) => {
    expect(broken(column, json)).toEqual([])
  })

  test('name each broken rule', () => {
    const code = col.string('Code', { check: z.string().length(2).toUpperCase().regex(/^F/) })
    expect(broken(code, '"xyz"')).toEqual([
      'breaks its check: Too big: expected string to have exactly 2 characters',
      'breaks its check: Invalid string: must match pattern /^F/',
    ])
  })

  test('G1, G7: a check that throws refuses the row, and what it threw is not repeated', () => {
    const faulty = col.json('Document', {
      check: z.string().refine((text) => JSON.parse(text).secret.length > 0),
    })
    const check = z.string().refine((text) => {
      throw new Error(text)
    })
    expect(broken(faulty, '"{}"')).toEqual(['breaks its check: it threw'])
    expect(broken(col.string('Text', { check }), '"Lovelace"')).toEqual(['breaks its check: it threw'])
  })

  test('G1: a check that answers later is one that throws', () => {
    const check = z.string().refine(() => Promise.resolve(true))
    expect(broken(col.string('Text', { check }), '"x"')).toEqual(['breaks its check: it threw'])
  })
})

test('a column without conditions breaks none', () => {
  const conditions = conditionsOf(col.string('Text'))
  const values: readonly CanonicalValue[] = ['', 'x']
  expect(values.map(conditions)).toEqual([[], []])
})
