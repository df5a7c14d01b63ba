import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitDecimal, unscaled } from '../../../core/contract/value/decimal.ts'
import { runs } from '../../support/budget.ts'

interface Decimal {
  readonly text: string
  /** Its value is `units / 10 ** places`. */
  readonly units: bigint
  readonly places: number
}

const anyDigits = fc.oneof(fc.stringMatching(/^\d{1,40}$/), fc.constantFrom('0', '000', '10', '99999'))

const anyDecimal: fc.Arbitrary<Decimal> = fc
  .record({
    sign: fc.constantFrom('', '-', '+'),
    whole: anyDigits,
    fraction: fc.option(fc.oneof(fc.constant(''), anyDigits), { nil: undefined }),
    exponent: fc.option(fc.integer({ min: -45, max: 45 }), { nil: undefined }),
    mark: fc.constantFrom('e', 'E', 'e+'),
  })
  .map(({ sign, whole, fraction, exponent, mark }) => {
    const power = exponent === undefined ? '' : `${exponent < 0 ? mark.slice(0, 1) : mark}${exponent}`
    const units = BigInt(whole + (fraction ?? '')) * (sign === '-' ? -1n : 1n)
    return {
      text: `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${power}`,
      units,
      places: (fraction?.length ?? 0) - (exponent ?? 0),
    }
  })

const anyType = fc
  .integer({ min: 1, max: 38 })
  .chain((precision) => fc.tuple(fc.constant(precision), fc.integer({ min: 0, max: precision })))

/* The unscaled value in whole-number arithmetic, or undefined where digits would be lost. */
function oracle({ units, places }: Decimal, precision: number, scale: number): bigint | undefined {
  const shift = scale - places
  const scaled = shift >= 0 ? units * 10n ** BigInt(shift) : units / 10n ** BigInt(-shift)
  if (shift < 0 && scaled * 10n ** BigInt(-shift) !== units) return undefined
  const size = scaled < 0n ? -scaled : scaled
  return size < 10n ** BigInt(precision) ? scaled : undefined
}

test('G6: a decimal fits exactly when whole-number arithmetic says so, and keeps its value', () => {
  fc.assert(
    fc.property(anyDecimal, anyType, (decimal, [precision, scale]) => {
      const fitted = fitDecimal(decimal.text, precision, scale)
      expect(fitted === undefined ? undefined : unscaled(fitted)).toBe(oracle(decimal, precision, scale))
    }),
    { numRuns: runs(3000) },
  )
})

test('G5: equal values have one text, with exactly the decimals of the type', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.nat(18),
      fc.nat(5),
      (units, scale, more) => {
        const size = String(units < 0n ? -units : units).padStart(scale + 1, '0')
        const whole = size.slice(0, size.length - scale)
        const fraction = size.slice(size.length - scale)
        const sign = units < 0n ? '-' : ''
        const text = scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
        expect(fitDecimal(text, 38, scale)).toBe(text)
        expect(fitDecimal(`${sign}00${whole}.${fraction}${'0'.repeat(more)}`, 38, scale)).toBe(text)
        expect(fitDecimal(`${sign}${whole}${fraction}e-${scale}`, 38, scale)).toBe(text)
      },
    ),
    { numRuns: runs(500) },
  )
})

test.each([
  ['19.9', 12, 2, '19.90'],
  ['-0.00', 4, 2, '0.00'],
  ['0', 1, 1, '0.0'],
  ['0.5', 1, 1, '0.5'],
  ['1.905e1', 12, 3, '19.050'],
  ['9'.repeat(38), 38, 0, '9'.repeat(38)],
  ['0e9999', 3, 2, '0.00'],
  ['5.', 3, 1, '5.0'],
])('%s as decimal(%i,%i) is %s', (text, precision, scale, fitted) => {
  expect(fitDecimal(text, precision, scale)).toBe(fitted)
})

test.each([
  ['19.905', 12, 2],
  ['1000', 3, 0],
  ['1', 1, 1],
  ['1e9999', 38, 0],
  ['1e-9999', 38, 38],
  ['1e12345', 38, 0],
  [`1${'0'.repeat(38)}`, 38, 0],
])('%s does not fit decimal(%i,%i)', (text, precision, scale) => {
  expect(fitDecimal(text, precision, scale)).toBeUndefined()
})

test.each([
  '',
  '-',
  '.5',
  'NaN',
  'Infinity',
  '1,5',
  '1 ',
  ' 1',
  '0x1',
  '1e',
  '1.2.3',
  '--1',
  '1_000',
  '١',
  '1\n',
])('%j is no decimal', (text) => {
  expect(fitDecimal(text, 38, 10)).toBeUndefined()
})

test('G9: zeros without end take no time with their square', () => {
  /* Quadratic work on this text would outlast the time limit of any test. */
  expect(fitDecimal(`1.${'0'.repeat(4_000_000)}1`, 38, 2)).toBeUndefined()
  expect(fitDecimal(`1.${'0'.repeat(4_000_000)}`, 38, 2)).toBe('1.00')
})
