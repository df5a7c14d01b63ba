import { createHmac } from 'node:crypto'
import type { CanonicalValue } from '../../block.ts'
import type { ColumnType } from '../value/type.ts'
import { tokeniser } from './tokenise.ts'

/**
 * What kind of personal data a column holds. `iban` is a number of a bank account or of a card, `nir` a national identity or
 * social security number; `secret` is what lets its owner in (a password or its hash, a token, a key): no reader needs it.
 */
export const piiClasses = [
  'name',
  'email',
  'phone',
  'address',
  'iban',
  'nir',
  'birth-date',
  'free-text',
  'secret',
] as const
export type PiiClass = (typeof piiClasses)[number]

/**
 * What the lake gets of a personal value:
 * - `clear`: the value; - `hash`: HMAC-SHA256 in hex, equal values stay equal, joins work;
 * - `mask`: a shape without the person, by class; - `drop`: the column is not in the lake;
 * - `tokenise`: a token; equal values stay equal, and `detokenise` makes the value of it for who has the key.
 */
export const treatments = ['clear', 'hash', 'mask', 'drop', 'tokenise'] as const
export type Treatment = (typeof treatments)[number]

export const defaultTreatment: Record<PiiClass, Treatment> = {
  name: 'mask',
  email: 'hash',
  phone: 'mask',
  address: 'mask',
  iban: 'mask',
  nir: 'hash',
  'birth-date': 'mask',
  'free-text': 'mask',
  secret: 'drop',
}

/** Key of the hashes, and of what tokens are made with: 32 random bytes or more, from the `MaskKeys` port. */
export type MaskKey = Uint8Array
const MIN_KEY_BYTES = 32

/** The function that makes the lake value of a personal one; null stays null, so absence stays visible. Throws RangeError for a hash or a token without a full key. */
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
      if (key.length < MIN_KEY_BYTES) throw new RangeError('the mask key is shorter than 32 bytes')
      return (value) =>
        value === null ? null : createHmac('sha256', key).update(textOf(value)).digest('hex')
    case 'mask':
      return (value) => (value === null ? null : masks[pii](textOf(value)))
    case 'tokenise': {
      if (key.length < MIN_KEY_BYTES) throw new RangeError('the mask key is shorter than 32 bytes')
      const tokenise = tokeniser(key)
      return (value) => (value === null ? null : tokenise(textOf(value)))
    }
  }
}

/** A hash or a token needs one text for each value in every engine that compares it; some types have several. */
export function isHashable({ kind }: ColumnType): boolean {
  return !['timestamp', 'timestampMicros', 'double', 'real', 'list', 'struct'].includes(kind)
}

/** The lake type of a personal column: a hash, a token or a mask is text, except that a masked date stays a date. */
export function maskedType(type: ColumnType, pii: PiiClass | undefined, treatment: Treatment): ColumnType {
  const isText =
    treatment === 'hash' ||
    treatment === 'tokenise' ||
    (treatment === 'mask' && !(pii === 'birth-date' && type.kind === 'date'))
  return isText ? { kind: 'string' } : type
}

function textOf(value: CanonicalValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const ADDRESS = /^[^@\s]+@([A-Za-z0-9.-]+)$/

const masks: Record<PiiClass, (text: string) => string> = {
  name: (text) => `${firstOf(text, 1)}***`,
  email: (text) => `***${suffixed('@', ADDRESS.exec(text)?.[1])}`,
  phone: (text) => `***${lastOf(text, 2)}`,
  address: () => '***',
  iban: (text) => `${firstOf(text, 2)}***${lastOf(text, 4)}`,
  nir: () => '***',
  'birth-date': (text) => `${text.slice(0, 4)}-01-01`,
  'free-text': () => '***',
  secret: () => '***',
}

function suffixed(mark: string, text: string | undefined): string {
  return text === undefined ? '' : `${mark}${text}`
}

/* Short values would be whole in their own head or tail. Characters, not UTF-16 units: half of one is no text. */
function firstOf(text: string, count: number): string {
  const characters = [...text.slice(0, 2 * count + 2)]
  return characters.length > count ? characters.slice(0, count).join('') : ''
}

function lastOf(text: string, count: number): string {
  const characters = [...text.slice(-6 * count)]
  return characters.length >= 3 * count ? characters.slice(-count).join('') : ''
}
