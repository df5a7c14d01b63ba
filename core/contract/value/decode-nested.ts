import type { CanonicalValue } from '../../block.ts'
import { field, isJsonObject, type JsonValue, parseJson } from '../../json.ts'
import { parseArrayText } from './array-text.ts'
import { Refusal } from './refusal.ts'
import type { StructType } from './type.ts'

type Decode = (value: JsonValue) => CanonicalValue | Refusal

/** How elements are written: in PostgreSQL's array text, or in JSON. */
export interface ElementDecoders {
  readonly inArrayText: Decode
  readonly inJson: Decode
}

/** Lists out of PostgreSQL's array text, JSON text (jsonb) or, where `inJson`, a JSON array and nothing else. */
export function listDecoder(elements: ElementDecoders, refusal: Refusal, isInJson: boolean): Decode {
  return (value) => {
    const json = typeof value === 'string' && !isInJson ? jsonOf(value, '[') : value
    if (isJsonArray(json)) return decodeAll(json, elements.inJson)
    if (typeof value !== 'string' || isInJson) return refusal
    const texts = parseArrayText(value)
    return texts === undefined ? refusal : decodeAll(texts, elements.inArrayText)
  }
}

function decodeAll(elements: readonly JsonValue[], decode: Decode): CanonicalValue | Refusal {
  const list: CanonicalValue[] = []
  for (const [index, element] of elements.entries()) {
    const decoded = element === null ? null : decode(element)
    if (decoded instanceof Refusal) return decoded.within(`[${index}]`)
    list.push(decoded)
  }
  return list
}

/**
 * Structs out of JSON text (jsonb) or, where `isInJson`, a JSON object and nothing else; canonical is the array of the
 * fields in their order. A member that is left out is null; of members of one name the last counts, as in jsonb.
 */
export function structDecoder(
  type: StructType,
  decoders: ReadonlyMap<string, Decode>,
  refusal: Refusal,
  isInJson: boolean,
): Decode {
  const fields = [...decoders].map(([name, decode]) => {
    const { from, nullable = false } = type.fields[name] ?? {}
    return { name, member: from ?? name, nullable, decode }
  })
  const known = new Set(fields.map(({ member }) => member))
  return (value) => {
    if (typeof value === 'string' && !isInJson && value.startsWith('(')) return COMPOSITE
    const object = typeof value === 'string' && !isInJson ? jsonOf(value, '{') : value
    if (!isJsonObject(object)) return refusal
    const values: CanonicalValue[] = []
    for (const { name, member, nullable, decode } of fields) {
      const found = field(object, member) ?? null
      if (found === null && !nullable) return new Refusal('must not be null', `.${name}`)
      const decoded = found === null ? null : decode(found)
      if (decoded instanceof Refusal) return decoded.within(`.${name}`)
      values.push(decoded)
    }
    const isWhole = type.unknown === 'drop' || Object.keys(object).every((member) => known.has(member))
    return isWhole ? values : UNKNOWN
  }
}

/* Its quoting loses which types the members had: to_jsonb() at the source keeps them. */
const COMPOSITE = new Refusal('must be a JSON object; composite text is not read, send to_jsonb() of it')
/* Not the name: what a source puts there may be data. */
const UNKNOWN = new Refusal('must have no members that the contract does not name')

/* Undefined for text that is no JSON starting with `mark`: array text with bounds starts with [ too. */
function jsonOf(text: string, mark: '[' | '{'): JsonValue | undefined {
  if (!text.trimStart().startsWith(mark)) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
