import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatPosition,
  isPosition,
  loadPosition,
  nextStep,
  type PositionParts,
  parsePosition,
  positionFromDms,
} from '../../core/position.ts'
import { anyPosition, anyPositionParts } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

/* Commit order, spelled out part by part. */
function inCommitOrder(left: PositionParts, right: PositionParts): number {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch
  if (left.lsn !== right.lsn) return left.lsn < right.lsn ? -1 : 1
  if (left.ordinal !== right.ordinal) return left.ordinal - right.ordinal
  return left.step - right.step
}

test('what was read before changes no position of a DMS stream', () => {
  const first = ['00000002/7C007328.2.00000002/7C007330', '0001-000000027c007330-0000000010'] as const
  const others = [
    ['00000002/7C007328.17.00000002/7C007330', '0001-000000027c007330-0000000010'],
    ['00000002/7C007328.2.00000002/7C007331', '0001-000000027c007331-0000000010'],
    ['00000003/7C007328.2.00000002/7C007330', '0001-000000027c007330-0000000010'],
    ['00000002/7C007328..00000002/7C007330', undefined],
    ['00000002/7C007328.00000002/7C007330', undefined],
    ['00000002/7C007328.x.00000002/7C007330', undefined],
    ['00000002/7C007328.2.2.00000002/7C007330', undefined],
  ] as const
  for (const [text, position] of others) {
    expect(positionFromDms(1, first[0], 1)).toBe(first[1])
    expect(positionFromDms(1, text, 1)).toBe(position)
  }
})

test('G4: the order of position texts is the commit order', () => {
  fc.assert(
    fc.property(anyPositionParts, anyPositionParts, (left, right) => {
      const [a, b] = [formatPosition(left), formatPosition(right)]
      expect(a < b).toBe(inCommitOrder(left, right) < 0)
      expect(a === b).toBe(inCommitOrder(left, right) === 0)
      /* Byte order too, which is what DynamoDB and Parquet statistics compare. */
      expect(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))).toBe(
        Math.sign(inCommitOrder(left, right)),
      )
    }),
    { numRuns: runs(2000) },
  )
})

test('a position is 32 characters and gives back its parts', () => {
  fc.assert(
    fc.property(anyPositionParts, (parts) => {
      const text = formatPosition(parts)
      expect(text).toHaveLength(32)
      expect(isPosition(text)).toBe(true)
      expect(parsePosition(text)).toEqual(parts)
    }),
    { numRuns: runs(500) },
  )
})

test.each<[string, Partial<PositionParts>]>([
  ['epoch 65536', { epoch: 0x1_0000 }],
  ['epoch -1', { epoch: -1 }],
  ['epoch 0.5', { epoch: 0.5 }],
  ['LSN -1', { lsn: -1n }],
  ['LSN of 65 bits', { lsn: 2n ** 64n }],
  ['ordinal -1', { ordinal: -1 }],
  ['ordinal 2^36', { ordinal: 2 ** 36 }],
  ['ordinal NaN', { ordinal: Number.NaN }],
])('%s is refused, not cut', (_, part) => {
  expect(() => formatPosition({ epoch: 0, lsn: 1n, ordinal: 1, step: 0, ...part })).toThrow(RangeError)
})

test.each([
  ['nothing', ''],
  ['upper case', '0000-00000002A0000000-0000000010'],
  ['a step of 2', '0000-0000000200000000-0000000012'],
  ['a character too few', '0000-0000000200000000-000000001'],
  ['a line end', '0000-0000000200000000-0000000010\n'],
])('%s is no position', (_, text) => {
  expect(isPosition(text)).toBe(false)
  expect(() => parsePosition(text)).toThrow(SyntaxError)
})

describe('a load', () => {
  test('G4: its rows are after every earlier commit and before every later one', () => {
    const lsn = 0x2_7c00_7328n
    const load = loadPosition(1, lsn)
    const change = (epoch: number, at: bigint, ordinal: number) =>
      formatPosition({ epoch, lsn: at, ordinal, step: 0 })
    expect(change(1, lsn - 1n, 2 ** 36 - 1) < load).toBe(true)
    expect(change(0, 2n ** 64n - 1n, 1) < load).toBe(true)
    expect(load < change(1, lsn, 1)).toBe(true)
    expect(load < change(1, lsn + 1n, 1)).toBe(true)
    expect(load < change(2, 0n, 1)).toBe(true)
  })
})

test('the second row of a change comes after the first and before every other change', () => {
  fc.assert(
    fc.property(anyPosition, anyPosition, (one, other) => {
      const first = `${one.slice(0, -1)}0`
      const second = nextStep(first)
      expect(isPosition(second)).toBe(true)
      expect(first < second).toBe(true)
      const neighbour = `${other.slice(0, -1)}0`
      expect(neighbour > first && neighbour < second).toBe(false)
    }),
    { numRuns: runs(500) },
  )
})

describe('positions of DMS', () => {
  test('the second LSN of a stream position counts, the ordinal is that in the transaction', () => {
    expect(positionFromDms(3, '00000002/7C007328.2.00000002/7C007330', 17)).toBe(
      '0003-000000027c007330-0000000110',
    )
  })

  test('they are what formatPosition makes of the same parts', () => {
    fc.assert(
      fc.property(anyPositionParts, ({ epoch, lsn, ordinal }) => {
        const digits = lsn.toString(16).toUpperCase().padStart(16, '0')
        const text = `${digits.slice(0, 8)}/${digits.slice(8)}`
        const expected = ordinal < 1 ? undefined : formatPosition({ epoch, lsn, ordinal, step: 0 })
        expect(positionFromDms(epoch, `${text}.1.${text}`, ordinal)).toBe(expected)
      }),
      { numRuns: runs(500) },
    )
  })

  test.each([
    ['', 1],
    ['2/7C007328.2.2/7C007328', 1],
    ['00000002/7C007328', 1],
    ['00000002/7C007328.2', 1],
    ['00000002/7C007328.2.00000002/7C0073', 1],
    ['00000002/7C007328.2.00000002/7C007328.9', 1],
    ['000000027C007328.2.000000027C007328', 1],
    ['mysql-bin.000012:1234', 1],
    ['x00000002/7C007328.2.00000002/7C007328', 1],
    ['00000002/7C007328.2.00000002/7C007328', 0],
    ['00000002/7C007328.2.00000002/7C007328', 1.5],
    ['00000002/7C007328.2.00000002/7C007328', 2 ** 36],
  ])('%j with ordinal %d has none', (stream, ordinal) => {
    expect(positionFromDms(0, stream, ordinal)).toBeUndefined()
  })

  test('an epoch that does not fit its width is refused', () => {
    expect(() => positionFromDms(0x1_0000, '00000002/7C007328.2.00000002/7C007328', 1)).toThrow(RangeError)
  })
})
