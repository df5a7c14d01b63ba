const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `12.3 MB`: bytes in units of a thousand. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** `90 s`, `12 min`, `5 h`, `3 d`: the larger unit from two of it on. */
export function ageText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 2) return `${Math.round(ms / 1_000)} s`
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`
}

/** `1 table`, `2,000 tables`; `many` where an s alone does not make it. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : many}`
}

/** `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}
