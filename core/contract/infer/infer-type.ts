import type { ColumnType } from '../value/type.ts'

/** One column of a source table, as its catalog describes it. */
export interface SourceShapeColumn {
  readonly name: string
  /** PostgreSQL's `format_type` without the modifier: `numeric`, `text[]`, `workforce.shift_status`. */
  readonly type: string
  readonly kind: 'base' | 'enum' | 'array' | 'domain' | 'composite' | 'range' | 'other'
  /** Of an array its elements' type, of a domain its base type. */
  readonly elementType?: string
  readonly precision?: number
  readonly scale?: number
  readonly length?: number
  readonly notNull: boolean
  readonly enumValues?: readonly string[]
  readonly comment?: string
}

export interface InferredType {
  readonly type: ColumnType
  /** Why a value that is no text at the source is text in the lake. */
  readonly note?: string
}

const text: ColumnType = { kind: 'string' }

/* Only types whose every value, infinities and years beyond 9999 aside, has one exact canonical form. */
const EXACT: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['smallint', { kind: 'smallint' }],
  ['integer', { kind: 'integer' }],
  ['bigint', { kind: 'bigint' }],
  ['real', { kind: 'real' }],
  ['double precision', { kind: 'double' }],
  ['boolean', { kind: 'boolean' }],
  ['date', { kind: 'date' }],
  ['timestamp without time zone', { kind: 'timestampMicros' }],
  ['timestamp with time zone', { kind: 'timestampMicros' }],
  ['time without time zone', { kind: 'time' }],
  ['uuid', { kind: 'uuid' }],
  ['json', { kind: 'json' }],
  ['jsonb', { kind: 'json' }],
  ['bytea', { kind: 'binary' }],
])

const LENGTH_LIMITED = ['character', 'character varying']
const TEXTUAL = ['text', 'name', '"char"', ...LENGTH_LIMITED]

/**
 * The contract type that holds every value of a source column exactly; text where none does. Keys
 * of a type that cannot be one are text too.
 */
export function inferType(column: SourceShapeColumn, isKey: boolean): InferredType {
  const inferred = typeOf(column)
  return isKey && ['list', 'json', 'binary'].includes(inferred.type.kind)
    ? { type: text, note: `exact text, because a ${inferred.type.kind} cannot be a key` }
    : inferred
}

function typeOf(column: SourceShapeColumn): InferredType {
  switch (column.kind) {
    case 'enum':
      return enumType(column)
    case 'array':
      return arrayType(column, column.elementType ?? column.type.replace(/\[\]$/, ''))
    case 'domain':
      return domainType(column)
    case 'base':
      return scalarType(column, column.type)
    case 'composite':
    case 'range':
    case 'other':
      return asPrinted(column.type)
  }
}

/* The catalog gives a domain the modifier and the enum values of its base type. */
function domainType(column: SourceShapeColumn): InferredType {
  const base = column.elementType ?? column.type
  if (column.enumValues !== undefined) return enumType(column)
  return base.endsWith('[]') ? arrayType(column, base.slice(0, -2)) : scalarType(column, base)
}

function enumType({ type, enumValues = [] }: SourceShapeColumn): InferredType {
  return enumValues.length === 0 ? asPrinted(type) : { type: { kind: 'enum', values: [...enumValues] } }
}

function scalarType(column: SourceShapeColumn, name: string): InferredType {
  const { length } = column
  if (name === 'numeric') return numericType(column)
  if (LENGTH_LIMITED.includes(name) && length !== undefined && length > 0)
    return { type: { kind: 'string', max: length } }
  /* citext lives in the schema it was installed in. */
  if (TEXTUAL.includes(name) || /(^|\.)citext$/.test(name)) return { type: text }
  const exact = EXACT.get(name)
  return exact === undefined ? asPrinted(name) : { type: exact }
}

function numericType({ precision, scale = 0 }: SourceShapeColumn): InferredType {
  if (precision === undefined)
    return { type: text, note: 'exact text, because numeric without precision has no fixed scale' }
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
    return { type: text, note: `exact text, because the lake has no numeric(${precision},${scale})` }
  return { type: { kind: 'decimal', precision, scale } }
}

/*
 * Elements are read out of PostgreSQL's array text. A list of timestamps would lose microseconds,
 * and an element type we do not know may print with another delimiter than a comma, as box does.
 */
function arrayType(column: SourceShapeColumn, element: string): InferredType {
  const known = EXACT.has(element) || TEXTUAL.includes(element) || element === 'numeric'
  if (!known) return asPrinted(`${element}[]`)
  const { type } = scalarType(column, element)
  return type.kind === 'timestampMicros'
    ? { type: { kind: 'list', of: text }, note: `${element}[], elements as text with their microseconds` }
    : { type: { kind: 'list', of: type } }
}

function asPrinted(type: string): InferredType {
  return { type: text, note: `${type} as PostgreSQL prints it` }
}
