import { Leaf, type Place } from './leaf.ts'
import type { ParquetField, ParquetValue } from './values/field.ts'

/** A node of the schema that takes values apart into its leaves (Dremel's striping). */
export interface Column {
  readonly field: ParquetField
  /** Takes the value of this column in the next row; a RangeError may leave parts of it behind until `dropRow`. */
  append(value: ParquetValue): void
  /** The same of text as bytes of UTF-8. */
  appendText(bytes: Uint8Array, from: number, to: number): void
  /** Takes a value that continues the row at repetition level `repetition`. */
  put(value: ParquetValue, repetition: number): void
  /** Records that this node or an ancestor is null or empty: `definition` says which. */
  putMissing(repetition: number, definition: number): void
}

/** A list in the three levels of the format: the list, a repeated group `list`, its `element`. */
class ListColumn implements Column {
  readonly field: ParquetField
  readonly #element: Column
  readonly #path: readonly string[]
  readonly #definition: number
  readonly #repetition: number

  constructor(field: ParquetField, of: ParquetField, place: Place, leaves: Leaf[]) {
    this.field = field
    this.#path = place.path
    this.#definition = place.definition
    this.#repetition = place.repetition + 1
    const path = [...place.path, 'list', 'element']
    this.#element = createColumn(
      of,
      { path, definition: place.definition + 1 + (of.nullable ? 1 : 0), repetition: this.#repetition },
      leaves,
    )
  }

  append(value: ParquetValue): void {
    this.put(value, 0)
  }

  appendText(): void {
    throw refused(this.#path, 'must be a list')
  }

  put(value: ParquetValue, repetition: number): void {
    if (value === null) {
      if (!this.field.nullable) throw refused(this.#path, 'must not be null')
      this.#element.putMissing(repetition, this.#definition - 1)
    } else if (!Array.isArray(value)) {
      throw refused(this.#path, 'must be a list')
    } else if (value.length === 0) {
      this.#element.putMissing(repetition, this.#definition)
    } else {
      this.#element.put(value[0], repetition)
      for (let index = 1; index < value.length; index++) this.#element.put(value[index], this.#repetition)
    }
  }

  putMissing(repetition: number, definition: number): void {
    this.#element.putMissing(repetition, definition)
  }
}

class StructColumn implements Column {
  readonly field: ParquetField
  readonly #members: readonly Column[]
  readonly #path: readonly string[]
  readonly #definition: number

  constructor(field: ParquetField, fields: readonly ParquetField[], place: Place, leaves: Leaf[]) {
    this.field = field
    this.#path = place.path
    this.#definition = place.definition
    this.#members = fields.map((member) => createColumn(member, placeOf(member, place), leaves))
  }

  append(value: ParquetValue): void {
    this.put(value, 0)
  }

  appendText(): void {
    throw refused(this.#path, 'must be a struct')
  }

  put(value: ParquetValue, repetition: number): void {
    if (value === null) {
      if (!this.field.nullable) throw refused(this.#path, 'must not be null')
      this.putMissing(repetition, this.#definition - 1)
      return
    }
    const members = this.#inOrder(value)
    for (const [index, column] of this.#members.entries()) {
      const member = members[index]
      if (member === undefined) throw refused(this.#path, 'misses a member of its struct')
      column.put(member, repetition)
    }
  }

  putMissing(repetition: number, definition: number): void {
    for (const member of this.#members) member.putMissing(repetition, definition)
  }

  /** Exactly the members: one too few or too many would otherwise be lost without a word. */
  #inOrder(value: NonNullable<ParquetValue>): readonly ParquetValue[] {
    if (typeof value !== 'object' || value instanceof Uint8Array)
      throw refused(this.#path, 'must be a struct')
    const given = Array.isArray(value) ? value.length : Object.keys(value).length
    if (given !== this.#members.length)
      throw refused(this.#path, 'must have exactly the members of its struct')
    if (Array.isArray(value)) return value
    const byName = new Map(Object.entries(value))
    return this.#members.map(({ field }) => {
      const member = byName.get(field.name)
      if (member === undefined) throw refused(this.#path, 'misses a member of its struct')
      return member
    })
  }
}

function refused(path: readonly string[], reason: string): RangeError {
  return new RangeError(`column ${path.join('.')} ${reason}`)
}

const top: Place = { path: [], definition: 0, repetition: 0 }

/** The columns of a file and, in file order, the leaves that they fill. */
export function createColumns(fields: readonly ParquetField[]): {
  readonly columns: readonly Column[]
  readonly leaves: readonly Leaf[]
} {
  const leaves: Leaf[] = []
  return { columns: fields.map((field) => createColumn(field, placeOf(field, top), leaves)), leaves }
}

function placeOf(field: ParquetField, parent: Place): Place {
  return {
    path: [...parent.path, field.name],
    definition: parent.definition + (field.nullable ? 1 : 0),
    repetition: parent.repetition,
  }
}

function createColumn(field: ParquetField, place: Place, leaves: Leaf[]): Column {
  const { type } = field
  if (type.kind === 'list') return new ListColumn(field, type.of, place, leaves)
  if (type.kind === 'struct') return new StructColumn(field, type.fields, place, leaves)
  const leaf = new Leaf(field, type, place)
  leaves.push(leaf)
  return leaf
}
