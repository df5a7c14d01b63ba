import type { Column } from '../language/column.ts'
import { heldType } from '../language/lake-columns.ts'
import { boundSides, columnDecoder, limitsOf, takesPolicy } from '../language/out-of-range.ts'
import { orderOf } from '../language/row-check.ts'
import { isHashable } from '../masking/pii.ts'
import { Refusal } from '../value/refusal.ts'
import { typeName } from '../value/type.ts'
import { typeFaults } from './check-type.ts'
import { type Fault, fault } from './fault.ts'

const NAME = /^[a-z][a-z0-9_]{0,62}$/

/** The faults of one column. Its lake names are added to `taken`. */
export function columnFaults(name: string, column: Column | undefined, taken: Set<string>): readonly Fault[] {
  if (column === undefined) return []
  const path = `columns.${name}`
  const held = heldType(column)
  const lakeNames = held.kind === 'timestampMicros' ? [name, `${name}_micros`] : [name]
  const clash = lakeNames.find((lakeName) => taken.has(lakeName))
  for (const lakeName of lakeNames) taken.add(lakeName)
  const { pii, treatment } = column
  const needsText = treatment === 'hash' || treatment === 'tokenise'
  return [
    ...fault('T201', path, 'a column name is lower case letters, digits and _', !NAME.test(name)),
    ...fault(
      'T202',
      path,
      `${clash} is the lake name of another column or of a partition`,
      clash !== undefined,
    ),
    ...fault('T203', path, 'description is empty', column.description.trim() === ''),
    ...fault('T204', path, 'treatment without pii', treatment !== 'clear' && pii === undefined),
    ...fault(
      'T205',
      path,
      `${typeName(held)} cannot be ${treatment === 'hash' ? 'hashed' : 'tokenised'}`,
      needsText && !isHashable(held),
    ),
    ...fault('T206', path, `${typeName(held)} cannot be masked`, !isMaskable(column)),
    ...boundFaults(path, column),
    ...beyondFaults(path, column),
    ...typeFaults(path, column.type),
    ...defaultFaults(path, column),
  ]
}

function isMaskable(column: Column): boolean {
  if (column.treatment !== 'mask') return true
  const { kind } = heldType(column)
  return column.pii === 'birth-date' ? kind === 'date' : kind === 'string' || kind === 'json'
}

function boundFaults(path: string, { type, min, max }: Column): readonly Fault[] {
  const given = [min, max].filter((bound) => bound !== undefined)
  const isNumber = ['exact', 'float'].includes(orderOf(type))
  return [
    ...given.flatMap((bound) => fault('T207', path, `${bound} is no plain bound`, !isPlain(bound))),
    ...fault('T208', path, 'min is above max', min !== undefined && max !== undefined && min > max),
    ...fault('T209', path, `a ${type.kind} has no bounds`, given.length > 0 && !isNumber),
  ]
}

function isPlain(bound: number): boolean {
  return /^-?\d+(\.\d+)?$/.test(String(bound))
}

function beyondFaults(path: string, column: Column): readonly Fault[] {
  const { type, beyond, nullable } = column
  if (beyond === undefined) return []
  if (!takesPolicy(type, beyond)) return fault('T211', path, `beyond: ${beyond} is not for ${typeName(type)}`)
  if (beyond === 'null') return fault('T212', path, 'beyond: null on a column that is never null', !nullable)
  const { low, high } = limitsOf(column)
  const isSound = beyond !== 'clamp' || (low !== undefined && high !== undefined)
  return fault('T213', path, `a bound is no value of ${typeName(type)}`, !isSound)
}

/* A default that its own rule would alter is no value of the column either. */
function defaultFaults(path: string, column: Column): readonly Fault[] {
  if (column.default === undefined) return []
  const { beyond: _, ...strict } = column
  const value = columnDecoder(column.beyond === 'text' ? column : strict)(column.default)
  const isNested = ['list', 'struct'].includes(column.type.kind)
  const fits = !(value instanceof Refusal) && !isNested && boundSides(column)(value) === undefined
  return fault('T214', path, `the default is no value of ${typeName(column.type)} within its bounds`, !fits)
}
