const DAY_MICROS = 86_400_000_000n

/** PostgreSQL's text of a day, out of its days since 1970 or the word of an infinity. */
export function dayText(days: string): string {
  return isWord(days) ? days : withEra(civil(Number(days)), '')
}

/**
 * An instant as the stream sends it, out of its microseconds since 1970 or the word of an infinity: ISO with Z, with six
 * decimals or none; PostgreSQL's text where its year has not four digits.
 */
export function instantText(micros: string): string {
  if (isWord(micros)) return micros
  const instant = BigInt(micros)
  const inDay = ((instant % DAY_MICROS) + DAY_MICROS) % DAY_MICROS
  const date = civil(Number((instant - inDay) / DAY_MICROS))
  const seconds = Number(inDay / 1_000_000n)
  const rest = String(inDay % 1_000_000n).padStart(6, '0')
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':')
  if (date.year >= 1 && date.year <= 9999)
    return `${withEra(date, '')}T${clock}${rest === '000000' ? '' : `.${rest}`}Z`
  const fraction = rest.replace(/0+$/, '')
  return withEra(date, ` ${clock}${fraction === '' ? '' : `.${fraction}`}+00`)
}

function isWord(text: string): boolean {
  return text.endsWith('infinity')
}

interface CivilDate {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number
  readonly month: number
  readonly day: number
}

function withEra({ year, month, day }: CivilDate, clock: string): string {
  const shown = String(year < 1 ? 1 - year : year).padStart(4, '0')
  return `${shown}-${two(month)}-${two(day)}${clock}${year < 1 ? ' BC' : ''}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/* The proleptic Gregorian calendar in eras of 400 years that begin in March; `Date` ends before PostgreSQL does. */
function civil(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 }
}
