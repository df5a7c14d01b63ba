const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|([+-])(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?)$/
const TIME = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/

/** An instant: whole seconds since 1970-01-01T00:00:00Z and the microseconds after them (0 to 999,999). */
export interface Instant {
  readonly seconds: number
  readonly micros: number
}

/** Days since 1970-01-01 of `YYYY-MM-DD`, years 1 to 9999; undefined when there is no such day. */
export function parseDate(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? []
  return day === undefined ? undefined : daysOf(Number(year), Number(month), Number(day))
}

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: an offset must not lead out of the years that have four digits. */
const FIRST_SECOND = -62_135_596_800
const LAST_SECOND = 253_402_300_799

/**
 * Reads an ISO 8601 timestamp with its offset; undefined when it has none or there is no such instant in the years
 * 1 to 9999 UTC. No `Date`: it would lose microseconds.
 */
export function parseTimestamp(text: string): Instant | undefined {
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const days = daysOf(Number(match[1]), Number(match[2]), Number(match[3]))
  const hour = Number(match[4])
  const minute = Number(match[5])
  const second = Number(match[6])
  if (days === undefined || hour > 23 || minute > 59 || second > 59) return undefined
  const offset = match[8] === undefined ? 0 : offsetOf(match)
  if (offset === undefined) return undefined
  const seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined
  return { seconds, micros: match[7] === undefined ? 0 : Number(match[7].padEnd(6, '0')) }
}

function offsetOf(match: RegExpExecArray): number | undefined {
  const hours = Number(match[9])
  const minutes = Number(match[10] ?? 0)
  const seconds = Number(match[11] ?? 0)
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return (hours * 3600 + minutes * 60 + seconds) * (match[8] === '-' ? -1 : 1)
}

/** Epoch milliseconds; microseconds are cut towards the past. */
export function toMillis({ seconds, micros }: Instant): number {
  return seconds * 1000 + Math.floor(micros / 1000)
}

/** Epoch microseconds as decimal text: exact beyond the year 2255, where a number would not be. */
export function toMicrosText({ seconds, micros }: Instant): string {
  const near = seconds * 1_000_000 + micros
  return Number.isSafeInteger(near) ? String(near) : String(BigInt(seconds) * 1_000_000n + BigInt(micros))
}

/** `HH:MM:SS[.ffffff]` without trailing zeros, 00:00:00 to 24:00:00; undefined when it is no time of day. */
export function normalTime(text: string): string | undefined {
  const [, hour, minute, second, fraction = ''] = TIME.exec(text) ?? []
  if (second === undefined || Number(minute) > 59 || Number(second) > 59 || Number(hour) > 24)
    return undefined
  const tail = fraction.replace(/0+$/, '')
  if (hour === '24' && (minute !== '00' || second !== '00' || tail !== '')) return undefined
  return `${hour}:${minute}:${second}${tail === '' ? '' : `.${tail}`}`
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Days since 1970-01-01 of a day of the proleptic Gregorian calendar; undefined when there is none in the years from 1 on. */
export function daysOf(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const last = month === 2 && isLeap ? 29 : MONTH_DAYS[month - 1]
  if (year < 1 || last === undefined || day < 1 || day > last) return undefined
  /* Counted from 1 March, so that leap days come last in the year. */
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** ISO 8601 text in UTC with three decimals, of epoch milliseconds in the years 1 to 9999. */
export function isoOfMillis(millis: number): string {
  return new Date(millis).toISOString()
}

/** As `isoOfMillis`, with six decimals, of epoch microseconds. */
export function isoOfMicros(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n
  const millis = isoOfMillis(Number((micros - rest) / 1000n)).slice(0, -1)
  return `${millis}${String(rest).padStart(3, '0')}Z`
}
