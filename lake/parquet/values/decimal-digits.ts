const limbDigits = 9
/** Digits and point of a magnitude that is exact in a double, whatever its digits are. */
const shortLength = 15

/**
 * Reads decimal text into base-10^9 limbs without a bigint. One instance is reused for every value:
 * the result stays until the next `parse`.
 */
export class DecimalDigits {
  negative = false
  /** Lowest limb first; limbs above the value are 0. Five limbs hold the 38 digits of the widest decimal. */
  readonly limbs = new Float64Array(5)

  /**
   * Takes `[-]digits[.digits]` as an unscaled integer of `scale` decimals. False when the text is
   * anything else, or needs more than `precision` digits or non-zero digits beyond the scale.
   */
  parse(text: string, precision: number, scale: number): boolean {
    const { length } = text
    this.negative = text.charCodeAt(0) === 0x2d
    let at = this.negative ? 1 : 0
    const digitsFrom = at
    while (at < length && isDigit(text.charCodeAt(at))) at++
    const point = at
    if (point === digitsFrom) return false
    if (point < length && !isFraction(text, point, scale)) return false

    let start = digitsFrom
    while (start < point && text.charCodeAt(start) === 0x30) start++
    const digits = point - start + scale
    if (digits > precision) return false
    this.#fill(text, start, point, scale)
    return true
  }

  /**
   * The same for the short text that most values are: the unscaled integer, or NaN where `parse` must
   * decide. Exact, for its digits and those of the scale together are at most 15.
   */
  static short(text: string, precision: number, scale: number): number {
    const { length } = text
    const from = text.charCodeAt(0) === 0x2d ? 1 : 0
    if (length - from + scale > shortLength || length - from + scale > precision) return Number.NaN
    let magnitude = 0
    let point = length
    for (let at = from; at < length; at++) {
      const code = text.charCodeAt(at)
      if (isDigit(code)) magnitude = magnitude * 10 + code - 0x30
      else if (code === 0x2e && point === length) point = at
      else return Number.NaN
    }
    const given = point === length ? 0 : length - point - 1
    if (point === from || point === length - 1 || given > scale) return Number.NaN
    for (let missing = scale - given; missing > 0; missing--) magnitude *= 10
    return from === 1 ? -magnitude : magnitude
  }

  #fill(text: string, start: number, point: number, scale: number): void {
    const { limbs } = this
    limbs.fill(0)
    const given = text.length - point - 1
    let place = point - start + scale - 1
    let limb = Math.floor(place / limbDigits)
    let left = place - limb * limbDigits
    let sum = 0
    for (let index = start; place >= 0; index++) {
      if (index === point) index++
      const digit = index > point + given ? 0 : text.charCodeAt(index) - 0x30
      sum = sum * 10 + digit
      if (left === 0) {
        limbs[limb--] = sum
        sum = 0
        left = limbDigits
      }
      left--
      place--
    }
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Whether the text from its point on is digits, of which only zeros lie beyond the scale. */
function isFraction(text: string, point: number, scale: number): boolean {
  if (text.charCodeAt(point) !== 0x2e || point + 1 === text.length) return false
  for (let at = point + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (!isDigit(code) || (at - point > scale && code !== 0x30)) return false
  }
  return true
}
