import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParquetField, ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'
import { parquetWriter } from '../../../lake/parquet/writer.ts'
import { runs } from '../../support/budget.ts'
import { anyTable, decimalText } from './any-table.ts'
import { encode, readWithDuckdb } from './readers.ts'

function appendOne(type: ParquetType, value: ParquetValue, nullable = false): void {
  parquetWriter([{ name: 'secret', type, nullable }], () => {}).columns[0]?.append(value)
}

const money: ParquetType = { kind: 'decimal', precision: 5, scale: 2 }
const wide: ParquetType = { kind: 'decimal', precision: 38, scale: 2 }
const member: ParquetField = { name: 'member', type: { kind: 'int32' }, nullable: true }

describe('a value that its column cannot hold exactly is refused', () => {
  test.each<[string, ParquetType, ParquetValue]>([
    ['a null in a required column', { kind: 'string' }, null],
    ['a fraction as integer', { kind: 'int32' }, 1.5],
    ['an integer past 32 bits', { kind: 'int32' }, 2 ** 31],
    ['an integer past 16 bits', { kind: 'int32', logical: 'int16' }, 32768],
    ['text as 32-bit integer', { kind: 'int32' }, '1'],
    ['an unsafe number', { kind: 'int64' }, 2 ** 53],
    ['a bigint past 64 bits', { kind: 'int64' }, 2n ** 63n],
    ['digits past 64 bits', { kind: 'int64' }, '9223372036854775808'],
    ['negative digits past 64 bits', { kind: 'int64' }, '-9223372036854775809'],
    ['twenty digits', { kind: 'int64' }, '10000000000000000000'],
    ['text that is no integer', { kind: 'int64' }, '12.0'],
    ['empty text as integer', { kind: 'int64' }, ''],
    ['a double that no float reaches', { kind: 'float' }, 1e39],
    ['a double that a float loses', { kind: 'float' }, 1e-50],
    ['text as double', { kind: 'double' }, '1'],
    ['a lone high surrogate', { kind: 'string' }, 'a\ud800'],
    ['a lone low surrogate in long text', { kind: 'string' }, `${'é'.repeat(50)}\udc00`],
    ['a number as text', { kind: 'string' }, 1],
    ['text as bytes', { kind: 'binary' }, 'a'],
    ['a number as boolean', { kind: 'boolean' }, 1],
    ['too many integer digits', money, '1000'],
    ['too many decimals', money, '1.005'],
    ['a number as decimal', money, 1.25],
    ['an exponent', money, '1e2'],
    ['a point without digits', money, '1.'],
    ['a sign without digits', money, '-'],
    ['a plus sign', money, '+1'],
    ['two points', wide, '1.1.1'],
    ['a space', wide, ' 1'],
    ['a decimal of 39 digits', wide, '1000000000000000000000000000000000000'],
    ['a list that is none', { kind: 'list', of: member }, 'a'],
    ['a struct with a member too many', { kind: 'struct', fields: [member] }, { member: 1, other: 2 }],
    ['a struct without its member', { kind: 'struct', fields: [member] }, { other: 1 }],
    ['a struct as too short a list', { kind: 'struct', fields: [member] }, []],
  ])('%s', (_, type, value) => {
    expect(() => appendOne(type, value)).toThrow(RangeError)
    expect(() => appendOne(type, value)).toThrow(/^column secret/)
  })

  test('with a message that does not show it', () => {
    expect(() => appendOne(money, '98765.43')).toThrow(
      /^column secret must be text that fits decimal\(5,2\)$/,
    )
  })
})

test('a decimal is held exactly when its digits fit, however they are written', async () => {
  const anyDecimal = fc.integer({ min: 1, max: 38 }).chain((precision) =>
    fc.record({
      precision: fc.constant(precision),
      scale: fc.nat(precision),
      unscaled: fc
        .bigInt({ min: -(10n ** 39n), max: 10n ** 39n })
        .chain((value) => fc.nat(39).map((digits) => value / 10n ** BigInt(digits))),
      zeros: fc.record({ leading: fc.nat(3), trailing: fc.nat(3) }),
      given: fc.nat(40),
    }),
  )
  await fc.assert(
    fc.asyncProperty(anyDecimal, async ({ precision, scale, unscaled, zeros, given }) => {
      const plain = decimalText(unscaled, given)
      const sign = plain.startsWith('-') ? '-' : ''
      const trailing = given > 0 ? '0'.repeat(zeros.trailing) : ''
      const text = `${sign}${'0'.repeat(zeros.leading)}${plain.slice(sign.length)}${trailing}`
      const shift = 10n ** BigInt(Math.abs(scale - given))
      const scaled = scale >= given ? unscaled * shift : unscaled / shift
      const magnitude = scaled < 0n ? -scaled : scaled
      const fits = (scale >= given || unscaled % shift === 0n) && magnitude < 10n ** BigInt(precision)
      const fields = [{ name: 'c', type: { kind: 'decimal', precision, scale } as const, nullable: false }]
      if (!fits) {
        expect(() => encode({ fields, rows: [[text]] })).toThrow(RangeError)
        return
      }
      expect(await readWithDuckdb(encode({ fields, rows: [[text]] }).file)).toStrictEqual([
        [{ unscaled: scaled }],
      ])
    }),
    { numRuns: runs(150) },
  )
}, 600_000)

describe('a row', () => {
  test('that was dropped, whole or in part, leaves no trace in the file', () => {
    fc.assert(
      fc.property(anyTable, fc.array(fc.nat(), { minLength: 1 }), (table, chosen) => {
        const parts: Uint8Array[] = []
        const writer = parquetWriter(table.fields, (bytes) => parts.push(bytes), { rowGroupRows: 9 })
        for (const [at, row] of table.rows.entries()) {
          const appended = (chosen[at % chosen.length] ?? 0) % (row.length + 1)
          for (const [index, column] of writer.columns.slice(0, appended).entries())
            column.append(row[index] ?? null)
          const broken = writer.columns[appended]
          if (broken !== undefined) expect(() => broken.append([['x'], {}])).toThrow(RangeError)
          writer.dropRow()
          for (const [index, column] of writer.columns.entries()) column.append(row[index] ?? null)
          writer.endRow()
        }
        writer.finish()
        expect(Buffer.concat(parts).equals(encode(table, { rowGroupRows: 9 }).file)).toBe(true)
      }),
      { numRuns: runs(60) },
    )
  })

  test('must have one value of each column', () => {
    const fields: ParquetField[] = [member, { ...member, name: 'other' }]
    const writer = parquetWriter(fields, () => {})
    writer.columns[0]?.append(1)
    expect(() => writer.endRow()).toThrow(/^column other must have one value in each row$/)
    expect(() => writer.finish()).toThrow(RangeError)
    writer.columns[1]?.append(1)
    writer.columns[1]?.append(2)
    expect(() => writer.endRow()).toThrow(RangeError)
  })
})

describe('a writer', () => {
  test('that is finished, or whose sink failed, refuses further rows', () => {
    const finished = parquetWriter([member], () => {})
    finished.finish()
    finished.columns[0]?.append(1)
    expect(() => finished.endRow()).toThrow(/finished/)
    expect(() => finished.finish()).toThrow(/finished/)

    const failing = parquetWriter(
      [member],
      () => {
        throw new Error('disk full')
      },
      { rowGroupRows: 1 },
    )
    failing.columns[0]?.append(1)
    expect(() => failing.endRow()).toThrow('disk full')
    expect(() => failing.finish()).toThrow(/sink failed/)
  })

  test('gives bytes to its sink that stay as they are', () => {
    const parts: { readonly given: Uint8Array; readonly copy: Uint8Array }[] = []
    const writer = parquetWriter([member], (given) => parts.push({ given, copy: Uint8Array.from(given) }), {
      rowGroupRows: 2,
    })
    for (let row = 0; row < 50; row++) {
      writer.columns[0]?.append(row)
      writer.endRow()
    }
    writer.finish()
    for (const { given, copy } of parts) expect(Uint8Array.from(given)).toStrictEqual(copy)
  })

  test.each<[string, readonly ParquetField[]]>([
    ['no columns', []],
    ['two columns of one name', [member, member]],
    ['a column without a name', [{ ...member, name: '' }]],
    ['a decimal of 39 digits', [{ ...member, type: { kind: 'decimal', precision: 39, scale: 0 } }]],
    ['more decimals than digits', [{ ...member, type: { kind: 'decimal', precision: 3, scale: 4 } }]],
    ['a struct without members', [{ ...member, type: { kind: 'struct', fields: [] } }]],
  ])('refuses a schema with %s', (_, fields) => {
    expect(() => parquetWriter(fields, () => {})).toThrow(RangeError)
  })

  test('refuses limits that are no positive integers', () => {
    expect(() => parquetWriter([member], () => {}, { rowGroupRows: 0 })).toThrow(RangeError)
    expect(() => parquetWriter([member], () => {}, { pageBytes: Number.NaN })).toThrow(RangeError)
  })
})
