import { createHmac } from 'node:crypto'
import type { CanonicalValue } from '../block.ts'
import type { ColumnType } from './type.ts'

/** What kind of personal data a column holds. `nir` is a national identity or social security number. */
export const piiClasses = [
  'name',
  'email',
  'phone',
  'address',
  'iban',
  'nir',
  'birth-date',
  'free-text',
] as const
export type PiiClass = (typeof piiClasses)[number]

/**
 * What the lake gets of a personal value:
 * - `clear`: the value; - `hash`: HMAC-SHA256 in hex, equal values stay equal, joins work;
 * - `mask`: a shape without the person, by class; - `drop`: the column is not in the lake.
 */
export type Treatment = 'clear' | 'hash' | 'mask' | 'drop'

export const defaultTreatment: Record<PiiClass, Treatment> = {
  name: 'mask',
  email: 'hash',
  phone: 'mask',
  address: 'mask',
  iban: 'mask',
  nir: 'hash',
  'birth-date': 'mask',
  'free-text': 'mask',
}

/** Key of the hashes: 32 random bytes or more, from the `MaskingKey` port. */
export type MaskKey = Uint8Array

/** The function that makes the lake value of a personal one; null stays null, so absence stays visible. */
export function masker(
  pii: PiiClass,
  treatment: Treatment,
  key: MaskKey,
): (value: CanonicalValue) => CanonicalValue {
  switch (treatment) {
    case 'clear':
      return (value) => value
    case 'drop':
      return () => null
    case 'hash':
      return (value) =>
        value === null ? null : createHmac('sha256', key).update(textOf(value)).digest('hex')
    case 'mask':
      return (value) => (value === null ? null : masks[pii](textOf(value)))
  }
}

/** The lake type of a personal column: a hash or a mask is text, except that a masked date stays a date. */
export function maskedType(type: ColumnType, pii: PiiClass | undefined, treatment: Treatment): ColumnType {
  const isText =
    treatment === 'hash' || (treatment === 'mask' && !(pii === 'birth-date' && type.kind === 'date'))
  return isText ? { kind: 'string' } : type
}

function textOf(value: CanonicalValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const masks: Record<PiiClass, (text: string) => string> = {
  name: (text) => `${[...text][0] ?? ''}***`,
  email: (text) => (text.includes('@') ? `***@${text.slice(text.lastIndexOf('@') + 1)}` : '***'),
  phone: (text) => `***${lastOf(text, 2)}`,
  address: () => '***',
  iban: (text) => `${text.slice(0, 2)}***${lastOf(text, 4)}`,
  nir: () => '***',
  'birth-date': (text) => `${text.slice(0, 4)}-01-01`,
  'free-text': () => '***',
}

/* Short values would be whole in their own tail. */
function lastOf(text: string, count: number): string {
  return text.length >= 3 * count ? text.slice(-count) : ''
}
