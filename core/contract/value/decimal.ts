const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/**
 * Text of a decimal with exactly `scale` digits after the point, or undefined when the value is no
 * decimal, has more than `precision` digits, or needs more than `scale` of them after the point.
 * Digits are moved, never computed: nothing is rounded.
 */
export function fitDecimal(text: string, precision: number, scale: number): string | undefined {
  const [, sign, whole, fraction = '', exponent] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const [integer, decimals] = shift(whole, fraction, exponent === undefined ? 0 : Number(exponent))
  const kept = integer.replace(/^0+/, '')
  const significant = withoutTrailingZeros(decimals)
  if (significant.length > scale || kept.length > precision - scale) return undefined
  const isZero = kept === '' && significant === ''
  const digits = scale === 0 ? kept || '0' : `${kept || '0'}.${significant.padEnd(scale, '0')}`
  return sign === '-' && !isZero ? `-${digits}` : digits
}

function shift(whole: string, fraction: string, places: number): readonly [string, string] {
  if (places === 0) return [whole, fraction]
  if (places > 0) {
    const padded = fraction.padEnd(places, '0')
    return [whole + padded.slice(0, places), padded.slice(places)]
  }
  const padded = whole.padStart(-places, '0')
  return [padded.slice(0, places), padded.slice(places) + fraction]
}

/** A loop, because `/0+$/` takes time with the square of a run of zeros, and a source may send any text. */
export function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits.charCodeAt(end - 1) === 48) end -= 1
  return digits.slice(0, end)
}

/** The unscaled integer of a decimal text that `fitDecimal` made. */
export function unscaled(text: string): bigint {
  return BigInt(text.replace('.', ''))
}

/** A number text without its exponent, `-12.30` or `1200`; undefined when it is no number. Nothing is rounded. */
export function plainDecimal(text: string): string | undefined {
  const [, sign, whole, fraction = '', exponent] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const [integer, decimals] = shift(whole, fraction, exponent === undefined ? 0 : Number(exponent))
  return `${sign === '-' ? '-' : ''}${integer === '' ? '0' : integer}${decimals === '' ? '' : `.${decimals}`}`
}

/** Compares two plain decimal texts digit by digit: below 0, 0 or above 0. */
export function compareDecimals(left: string, right: string): number {
  const scale = Math.max(decimalsOf(left), decimalsOf(right))
  const [a, b] = [scaled(left, scale), scaled(right, scale)]
  return a < b ? -1 : a > b ? 1 : 0
}

function scaled(text: string, scale: number): bigint {
  return unscaled(text) * 10n ** BigInt(scale - decimalsOf(text))
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}
