import { daysOf } from '../contract/value/temporal.ts'

const [MINUS, DOT, ZERO, NINE, COLON] = [0x2d, 0x2e, 0x30, 0x39, 0x3a]

/* Two digits as a number; far below zero when they are none. */
function pairAt(bytes: Uint8Array, at: number): number {
  const [high, low] = [bytes[at], bytes[at + 1]]
  return isDigit(high) && isDigit(low) ? ((high ?? 0) - ZERO) * 10 + (low ?? 0) - ZERO : -1_000_000
}

/** Days since 1970-01-01 of the `YYYY-MM-DD` at a place; undefined where there is no such day in the years 1 to 9999. */
export function dayAt(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return undefined
  const [century, year, month, day] = [
    pairAt(bytes, at),
    pairAt(bytes, at + 2),
    pairAt(bytes, at + 5),
    pairAt(bytes, at + 8),
  ]
  return century < 0 || year < 0 ? undefined : daysOf(century * 100 + year, month, day)
}

/** Seconds of the `HH:MM:SS` at a place, from 00:00:00 to 23:59:59; below zero when it is none. */
export function timeAt(bytes: Uint8Array, at: number): number {
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return -1
  const [hour, minute, second] = [pairAt(bytes, at), pairAt(bytes, at + 3), pairAt(bytes, at + 6)]
  return hour > 23 || minute > 59 || second > 59 ? -1 : hour * 3_600 + minute * 60 + second
}

/** Microseconds of a fraction of at most six digits with its dot, or of none; below zero when it is no fraction. */
export function fractionOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const count = end - start - 1
  if (bytes[start] !== DOT || count < 1 || count > 6 || !areDigits(bytes, start + 1, end)) return -1
  let micros = 0
  for (let i = 0; i < 6; i += 1) micros = micros * 10 + (i < count ? (bytes[start + 1 + i] ?? 0) - ZERO : 0)
  return micros
}

/** Whether a byte is a decimal digit. */
export function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= ZERO && code <= NINE
}

/** Whether all of some bytes are. */
export function areDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isDigit(bytes[at])) return false
  return true
}
