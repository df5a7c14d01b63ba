import { isJsonObject, JsonNumber, type JsonValue } from '../../json.ts'

/** What a value looks like, for people, without a character of it: `text of 12 characters`, `negative whole number of 1 digit`. */
export function valueShape(value: JsonValue | undefined): string {
  if (value === undefined) return 'no value'
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'true or false'
  if (typeof value === 'number') return numberShape(String(value))
  if (value instanceof JsonNumber) return numberShape(value.text)
  if (typeof value === 'string') return textShape(value)
  return isJsonObject(value) ? 'JSON object' : 'JSON array'
}

function numberShape(text: string): string {
  const [, sign, whole = '', decimals, exponent] = /^(-?)(\d+)(?:\.(\d+))?([eE].*)?$/.exec(text) ?? []
  const kind = `${sign === '-' ? 'negative ' : ''}`
  if (exponent !== undefined) return `${kind}number with an exponent`
  const digits = `${count(whole.length, 'digit')}`
  return decimals === undefined
    ? `${kind}whole number of ${digits}`
    : `${kind}number of ${digits} before the point and ${decimals.length} after it`
}

function textShape(text: string): string {
  const kind = /^\d+$/.test(text) ? 'digits as text' : 'text'
  return `${kind} of ${count([...text].length, 'character')}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
