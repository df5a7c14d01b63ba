import { PipelineError } from '../../core/failures/failures.ts'
import {
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../core/json.ts'

/* What DynamoDB writes for a number, 38 digits at most; JSON can hold it as it stands. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The row that an image of a DynamoDB item shows, in the values that DMS would have written: numbers keep every digit,
 * binary values are hex, sets, lists and maps are JSON text. DynamoDB keeps neither sets nor maps in an order, so they are
 * sorted: equal items give equal text. Throws `capture/undecodable`.
 */
export function itemRow(image: JsonObject): JsonObject {
  return members(image, (attribute) => {
    const value = jsonValue(attribute)
    const isDocument = typeof value === 'object' && value !== null && !(value instanceof JsonNumber)
    return isDocument ? stringifyJson(value) : value
  })
}

/* From entries: an assignment would swallow an attribute `__proto__`. */
function members(map: JsonObject, read: (attribute: JsonValue) => JsonValue): JsonObject {
  const entries = Object.entries(map).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([name, attribute]) => [name, read(attribute)]))
}

/* A value as DynamoDB writes it is an object of one member, named after its type. */
function jsonValue(attribute: JsonValue): JsonValue {
  const [entry, ...more] = isJsonObject(attribute) ? Object.entries(attribute) : []
  if (entry === undefined || more.length > 0) throw undecodable('an attribute has no single type')
  const [type, value] = entry
  switch (type) {
    case 'S':
      return text(value)
    case 'N':
      return numberOf(text(value))
    case 'B':
      return hexOf(text(value))
    case 'BOOL':
      if (typeof value !== 'boolean') throw undecodable('an attribute is neither true nor false')
      return value
    case 'NULL':
      return null
    case 'SS':
      return list(value).map(text).toSorted()
    case 'BS':
      return list(value)
        .map((one) => hexOf(text(one)))
        .toSorted()
    case 'NS':
      return list(value).map(text).toSorted().map(numberOf)
    case 'L':
      return list(value).map(jsonValue)
    case 'M':
      if (!isJsonObject(value)) throw undecodable('an attribute has no map')
      return members(value, jsonValue)
    default:
      throw undecodable('an attribute is of an unknown type')
  }
}

/* Without going through a floating point number. */
function numberOf(digits: string): JsonValue {
  if (!NUMBER.test(digits)) throw undecodable('a number is none')
  return parseJson(digits)
}

function hexOf(base64: string): string {
  if (!BASE64.test(base64)) throw undecodable('bytes are not in base64')
  return Buffer.from(base64, 'base64').toString('hex')
}

function text(value: JsonValue): string {
  if (typeof value !== 'string') throw undecodable('an attribute has no text')
  return value
}

function list(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw undecodable('an attribute has no list')
  return value
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
