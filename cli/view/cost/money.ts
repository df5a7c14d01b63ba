/** Dollars as a person reads them: two digits that matter below a cent, cents below a hundred, whole dollars above. */
export function money(usd: number): string {
  const size = Math.abs(usd)
  if (size === 0) return '0'
  if (size < 0.000_05) return '0.0000'
  if (size < 0.01) return usd.toFixed(4)
  if (size < 100) return usd.toFixed(2)
  return Math.round(usd).toLocaleString('en-US')
}

/** Units as a person reads them: three digits that matter. */
export function unitsText(units: number): string {
  if (units >= 1e9) return `${digits(units / 1e9)} G`
  if (units >= 1e6) return `${digits(units / 1e6)} M`
  return units >= 1_000 ? Math.round(units).toLocaleString('en-US') : digits(units)
}

function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value >= 0.01 ? value.toFixed(2) : value.toPrecision(2)
}
