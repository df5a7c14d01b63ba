import type { CanonicalValue } from '../../core/block.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'

/** A value of a reader and its kind; null for a null. */
export type Told =
  | null
  | readonly [kind: string, text: string]
  | readonly [kind: 'list', items: readonly Told[]]
  | readonly [kind: 'struct', members: Readonly<Record<string, Told>>]

/** What a reader gives of a file, or why it refuses it. */
export type Answer = { readonly values: readonly Told[] } | { readonly error: string }

/** `exact`: each value, in the form named. Otherwise what first differs. */
export interface Outcome {
  readonly kind: 'exact' | 'null' | 'wrong' | 'refused'
  /** Of `exact`: what the values are. Of `wrong`: what came. Of `refused`: the message. */
  readonly what: string
}

/** Compares what a reader gives of a column with what was written. */
export function judged(type: ColumnType, given: readonly CanonicalValue[], answer: Answer): Outcome {
  if ('error' in answer) return { kind: 'refused', what: answer.error }
  if (answer.values.length !== given.length)
    return { kind: 'wrong', what: `${answer.values.length} rows of ${given.length}` }
  const forms = new Set<string>()
  for (const [row, value] of given.entries()) {
    const told = answer.values[row] ?? null
    if (!isHeld(type, value, told, forms)) {
      const isLost = told === null && value !== null
      return isLost ? { kind: 'null', what: '' } : { kind: 'wrong', what: shown(told) }
    }
  }
  return { kind: 'exact', what: [...forms].sort().join(' or ') }
}

function isHeld(type: ColumnType, value: CanonicalValue, told: Told, forms: Set<string>): boolean {
  if (value === null || told === null) return value === null && told === null
  const [kind, content] = told
  if (type.kind === 'list') {
    const plain = withoutGroups(told)
    if (plain !== told) {
      forms.add('groups of the file')
      return isHeld(type, value, plain, forms)
    }
    if (kind !== 'list' || !Array.isArray(value) || typeof content === 'string') return false
    const items = Array.isArray(content) ? content : []
    return (
      items.length === value.length &&
      value.every((item, index) => isHeld(type.of, item, items[index] ?? null, forms))
    )
  }
  if (type.kind === 'struct') {
    if (kind !== 'struct' || !Array.isArray(value) || typeof content === 'string') return false
    const members = new Map<string, Told>(Object.entries(content))
    return Object.entries(type.fields).every(([name, field], index) =>
      isHeld(field, value[index] ?? null, members.get(name) ?? null, forms),
    )
  }
  if (typeof content !== 'string') return false
  forms.add(FORMS[kind] ?? kind)
  return isScalar(type, value, kind, content)
}

/* A list as the file has it, in two groups of their own, for a reader that takes them for a struct's. */
function withoutGroups(told: Told): Told {
  if (told === null || told[0] !== 'struct' || typeof told[1] === 'string' || Array.isArray(told[1]))
    return told
  const list = Object.entries(told[1] as Readonly<Record<string, Told>>).find(
    ([name]) => name === 'list',
  )?.[1]
  if (list === undefined || list === null || list[0] !== 'list' || !Array.isArray(list[1])) return told
  const items = (list[1] as readonly Told[]).map((item): Told => {
    if (item === null || typeof item[1] === 'string' || Array.isArray(item[1])) return item
    const members = new Map(Object.entries(item[1] as Readonly<Record<string, Told>>))
    return members.get('element') ?? null
  })
  return ['list', items]
}

const FORMS: Readonly<Record<string, string>> = {
  number: 'number',
  micros: 'instant',
  days: 'day',
  millis: 'milliseconds',
  unscaled: 'unscaled integer',
  string: 'text',
}

function isScalar(type: ColumnType, value: CanonicalValue, kind: string, text: string): boolean {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return /^-?\d+$/.test(text) && BigInt(text) === BigInt(String(value))
    case 'decimal':
      if (kind === 'bytes') return signed(text) === BigInt(digitsOf(String(value)))
      return kind === 'unscaled'
        ? text === digitsOf(String(value))
        : digitsOf(toScale(text, type.scale)) === digitsOf(String(value))
    case 'double':
      return isFloat(Number(value), Number(floatText(text)))
    case 'real':
      return isFloat(Math.fround(Number(value)), Math.fround(Number(floatText(text))))
    case 'boolean':
      return text === String(value)
    case 'date':
      return dayOf(kind, text) === Date.parse(`${String(value)}T00:00:00Z`) / DAY_MS
    case 'timestamp':
      return instantOf(kind, text) === Number(value)
    case 'binary':
      return kind === 'bytes' && text === value
    default:
      return kind === 'string' && text === value
  }
}

function signed(hex: string): bigint {
  return BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))
}

const DAY_MS = 86_400_000

function isFloat(written: number, found: number): boolean {
  return Object.is(written, found)
}

function floatText(text: string): string {
  return text.replace(/^(-?)inf$/, '$1Infinity').replace(/^-?nan$/, 'NaN')
}

/* `19.9` is what a reader without a scale shows of 19.90; digits that a double does not have are no zeros. */
function toScale(text: string, scale: number): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text
  const [whole = '', fraction = ''] = text.split('.')
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
}

/* Without the point and zeros in front. */
function digitsOf(text: string): string {
  const digits = text.replace('.', '')
  return /^-?\d+$/.test(digits) ? String(BigInt(digits)) : text
}

function dayOf(kind: string, text: string): number {
  if (kind === 'days') return Number(text)
  const millis = instantOf(kind, text)
  return millis / DAY_MS
}

/* Milliseconds since 1970; NaN for what is no instant. */
function instantOf(kind: string, text: string): number {
  if (kind === 'micros') return Number(BigInt(text) / 1000n)
  if (kind === 'Date' || kind === 'millis' || kind === 'number' || kind === 'bigint') return Number(text)
  return Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}Z`)
}

function shown(told: Told): string {
  if (told === null) return 'null'
  const [kind, content] = told
  if (typeof content === 'string') {
    if (kind === 'Date' || kind === 'millis') return instantText(content)
    return content.length > 40 ? `${content.slice(0, 40)}…` : content
  }
  if (Array.isArray(content)) return `[${content.map(shown).join(', ')}]`
  const members = Object.entries(content as Readonly<Record<string, Told>>)
  return `{${members.map(([name, one]) => `${name}: ${shown(one)}`).join(', ')}}`
}

function instantText(millis: string): string {
  const date = new Date(Number(millis))
  return Number.isNaN(date.getTime()) ? millis : date.toISOString()
}
