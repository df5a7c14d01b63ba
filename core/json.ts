/**
 * A JSON number whose digits a JavaScript number might not hold: more than 15 digits, a fraction
 * or an exponent. Kept as the text the source wrote.
 */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type JsonValue = null | boolean | number | string | JsonNumber | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [name: string]: JsonValue
}

const MAX_DEPTH = 200

/**
 * Parses JSON without losing a digit: integers of up to 15 digits become numbers, every other
 * number a `JsonNumber`. Throws SyntaxError that names the offset and never the text.
 */
export function parseJson(text: string, repeated?: OnRepeated): JsonValue {
  return new Parser(text, repeated).document()
}

/** A text from outside as the platform reads JSON, for a form to check; undefined for another text. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    /* The platform's message would quote the text, which may be a part of a row. */
    return undefined
  }
}

/** Told of a member that stands twice in its object: the last one counts. */
export type OnRepeated = (object: JsonObject, name: string) => void

/** As `parseJson`, for documents that must be an object. */
export function parseJsonObject(text: string): JsonObject {
  const value = parseJson(text)
  if (!isJsonObject(value)) throw new SyntaxError('JSON: not an object')
  return value
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  )
}

/** Members of an object and of all objects in it. */
export function memberCount(value: JsonValue): number {
  if (isJsonArray(value)) return value.reduce<number>((sum, element) => sum + memberCount(element), 0)
  if (!isJsonObject(value)) return 0
  const members = Object.values(value)
  return members.reduce<number>((sum, member) => sum + memberCount(member), members.length)
}

/** As `memberCount`, of a text that is JSON: one that stands twice in its object counts twice. */
export function countMembers(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    let end = text.indexOf('"', at + 1)
    while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
    if (end < 0) return count
    at = end + 1
    while (SPACE.has(text.charCodeAt(at))) at += 1
    if (text.charCodeAt(at) === COLON) count += 1
  }
  return count
}

function isEscaped(text: string, at: number): boolean {
  let start = at
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1
  return (at - start) % 2 === 1
}

/** A member of an object, and never what every object inherits: a source may have a column `constructor`. */
export function field(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** The inverse of `parseJson`: the digits of a `JsonNumber` are written as they were read. */
export function stringifyJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text
  if (isJsonArray(value)) return `[${value.map(stringifyJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${JSON.stringify(name)}:${stringifyJson(member)}`,
    )
    return `{${members.join(',')}}`
  }
  return Object.is(value, -0) ? '-0' : JSON.stringify(value)
}

function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

const QUOTE = 34
const BACKSLASH = 92
const COLON = 58
const SPACE: ReadonlySet<number> = new Set([9, 10, 13, 32])

class Parser {
  private at = 0
  private depth = 0
  private readonly text: string
  private readonly repeated: OnRepeated | undefined

  constructor(text: string, repeated: OnRepeated | undefined) {
    this.text = text
    this.repeated = repeated
  }

  document(): JsonValue {
    const value = this.value()
    this.space()
    if (this.at < this.text.length) throw this.unexpected()
    return value
  }

  private value(): JsonValue {
    this.space()
    const code = this.text.charCodeAt(this.at)
    if (code === QUOTE) return this.string()
    if (code === 123) return this.nested(() => this.object())
    if (code === 91) return this.nested(() => this.array())
    if (code === 110) return this.literal('null', null)
    if (code === 116) return this.literal('true', true)
    if (code === 102) return this.literal('false', false)
    return this.number()
  }

  private nested<T>(read: () => T): T {
    this.depth += 1
    if (this.depth > MAX_DEPTH)
      throw new SyntaxError(`JSON: nested deeper than ${MAX_DEPTH} at offset ${this.at}`)
    const value = read()
    this.depth -= 1
    return value
  }

  private object(): JsonObject {
    const object: Record<string, JsonValue> = {}
    this.at += 1
    this.space()
    if (this.take(125)) return object
    for (;;) {
      this.space()
      if (this.text.charCodeAt(this.at) !== QUOTE) throw this.unexpected()
      const name = this.string()
      this.space()
      if (!this.take(58)) throw this.unexpected()
      const value = this.value()
      if (this.repeated !== undefined && Object.hasOwn(object, name)) this.repeated(object, name)
      if (name === '__proto__')
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      else object[name] = value
      this.space()
      if (this.take(125)) return object
      if (!this.take(44)) throw this.unexpected()
    }
  }

  private array(): readonly JsonValue[] {
    const array: JsonValue[] = []
    this.at += 1
    this.space()
    if (this.take(93)) return array
    for (;;) {
      array.push(this.value())
      this.space()
      if (this.take(93)) return array
      if (!this.take(44)) throw this.unexpected()
    }
  }

  private string(): string {
    const { text } = this
    const start = this.at
    for (let i = start + 1; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        this.at = i + 1
        return text.slice(start + 1, i)
      }
      if (code === BACKSLASH) return this.escapedString(start, i)
      if (code < 32) break
    }
    throw this.unexpected()
  }

  /* Escapes are rare: the platform decodes the token once its end is known. */
  private escapedString(start: number, firstEscape: number): string {
    const { text } = this
    for (let i = firstEscape; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      if (code === BACKSLASH) i += 1
      else if (code === QUOTE) {
        this.at = i + 1
        try {
          return JSON.parse(text.slice(start, i + 1)) as string
        } catch {
          /* The platform's own message would quote the text. */
          throw new SyntaxError(`JSON: bad escape in the string at offset ${start}`)
        }
      }
    }
    throw this.unexpected()
  }

  private number(): number | JsonNumber {
    const { text } = this
    const start = this.at
    let i = start
    if (text.charCodeAt(i) === 45) i += 1
    const digits = i
    while (isDigit(text.charCodeAt(i))) i += 1
    const end = i
    if (end === digits || (text.charCodeAt(digits) === 48 && end > digits + 1)) throw this.unexpected()
    if (text.charCodeAt(i) === 46) i = this.digitsAfter(i + 1)
    const exponent = text.charCodeAt(i)
    if (exponent === 101 || exponent === 69) {
      const sign = text.charCodeAt(i + 1)
      i = this.digitsAfter(sign === 43 || sign === 45 ? i + 2 : i + 1)
    }
    this.at = i
    const isSafe = i === end && end - digits <= 15 && !(digits > start && text.charCodeAt(digits) === 48)
    return isSafe ? Number(text.slice(start, i)) : new JsonNumber(text.slice(start, i))
  }

  private digitsAfter(from: number): number {
    let i = from
    while (isDigit(this.text.charCodeAt(i))) i += 1
    if (i === from) throw this.unexpected()
    return i
  }

  private literal<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.unexpected()
    this.at += word.length
    return value
  }

  private take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false
    this.at += 1
    return true
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.at += 1
    }
  }

  private unexpected(): SyntaxError {
    return new SyntaxError(`JSON: unexpected character or end at offset ${this.at}`)
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
