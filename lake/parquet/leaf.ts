import { createStore } from './leaf-type.ts'
import { StringStore } from './values/bytes-store.ts'
import type { LeafType, ParquetField, ParquetValue } from './values/field.ts'
import type { ValueStore } from './values/value-store.ts'

/** The memory of one definition level and one repetition level. */
const slotBytes = 2

/** Where a node stands: its path, and the levels of a value that is present there. */
export interface Place {
  readonly path: readonly string[]
  readonly definition: number
  readonly repetition: number
}

/** One column chunk in the making: the values that are present, and the levels that place them. */
export class Leaf {
  readonly field: ParquetField
  readonly type: LeafType
  readonly path: readonly string[]
  readonly maxDefinition: number
  readonly maxRepetition: number
  readonly store: ValueStore
  definitions: Uint8Array = new Uint8Array(1024)
  /** Empty where no list is above: every value then begins a row. */
  repetitions: Uint8Array
  /** Entries of the level arrays: values, nulls, and lists that are null or empty. */
  slots = 0
  rows = 0
  /** The bytes that this leaf holds. */
  held = 0

  constructor(field: ParquetField, type: LeafType, place: Place) {
    this.field = field
    this.type = type
    this.path = place.path
    this.maxDefinition = place.definition
    this.maxRepetition = place.repetition
    this.repetitions = new Uint8Array(place.repetition > 0 ? 1024 : 0)
    this.store = createStore(type)
  }

  append(value: ParquetValue): void {
    this.put(value, 0)
  }

  appendText(bytes: Uint8Array, from: number, to: number): void {
    const { store } = this
    if (!(store instanceof StringStore)) throw this.#refused('is no text')
    this.held += store.pushBytes(bytes, from, to)
    this.#place(0, this.maxDefinition)
  }

  put(value: ParquetValue, repetition: number): void {
    if (value === null) {
      if (!this.field.nullable) throw this.#refused('must not be null')
      this.putMissing(repetition, this.maxDefinition - 1)
      return
    }
    try {
      this.held += this.store.push(value)
    } catch (cause) {
      throw this.#refused(cause instanceof Error ? cause.message : 'cannot be stored', cause)
    }
    this.#place(repetition, this.maxDefinition)
  }

  putMissing(repetition: number, definition: number): void {
    this.#place(repetition, definition)
  }

  /** Cuts the leaf back to its first `rows` rows. */
  truncate(rows: number): void {
    while (this.rows > rows) {
      const slot = --this.slots
      this.held -= slotBytes
      if (this.definitions[slot] === this.maxDefinition) this.held -= this.store.pop()
      if (this.maxRepetition === 0 || this.repetitions[slot] === 0) this.rows--
    }
  }

  clear(): void {
    this.store.clear()
    this.slots = 0
    this.rows = 0
    this.held = 0
  }

  #place(repetition: number, definition: number): void {
    if (this.slots === this.definitions.length) {
      this.definitions = grown(this.definitions)
      if (this.maxRepetition > 0) this.repetitions = grown(this.repetitions)
    }
    this.definitions[this.slots] = definition
    if (this.maxRepetition > 0) this.repetitions[this.slots] = repetition
    this.slots++
    this.held += slotBytes
    if (repetition === 0) this.rows++
  }

  #refused(reason: string, cause?: unknown): RangeError {
    return new RangeError(`column ${this.path.join('.')} ${reason}`, { cause })
  }
}

function grown(levels: Uint8Array): Uint8Array {
  const larger = new Uint8Array(levels.length * (levels.length < 1 << 16 ? 4 : 2))
  larger.set(levels)
  return larger
}
