import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `500ms`, `30s`, `5m`, `2h`, `30d`; a bare number is seconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? []
  const factor = UNITS[unit]
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError('a duration is 500ms, 30s, 5m, 2h or 30d')
  return Number(number) * factor
}

/** A whole number from `min` to `max`. */
export function parseCount(max: number, min = 1): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`a whole number from ${min} to ${max}`)
    return value
  }
}

const MAGNITUDES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 }

/** A positive count that may be large: `250000`, `40k`, `100M`, `1.5B`. */
export function parseAmount(text: string): number {
  const [, number, letter = ''] = /^(\d+(?:\.\d+)?)([kmgb]?)$/i.exec(text) ?? []
  const value = Number(number) * (MAGNITUDES[letter.toLowerCase()] ?? Number.NaN)
  if (!(value > 0 && value <= 1e15))
    throw new InvalidArgumentError('a number such as 250000, 40k, 100M or 1.5B')
  return value
}

/** A positive number, `0.05` or `10`. */
export function parseFactor(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 100)
    throw new InvalidArgumentError('a number above 0, 100 at most')
  return value
}
