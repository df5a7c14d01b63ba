import type { Column } from './column.ts'
import { reservedNames } from './lake-names.ts'
import { isHashable } from './pii.ts'
import type { Table } from './table.ts'
import { type ColumnType, typeName } from './type.ts'

const NAME = /^[a-z][a-z0-9_]{0,62}$/
const TABLE_NAME = /^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$/

/** Every fault of a contract that TypeScript cannot see, as sentences; empty when it is sound. */
export function checkTable(table: Table): readonly string[] {
  const names = Object.keys(table.columns)
  const taken = new Set(reservedNames)
  const faults = [
    ...faultsOf(!TABLE_NAME.test(table.name), 'name must be domain.table in lower case'),
    ...faultsOf(!Number.isInteger(table.version) || table.version < 1, 'version must be 1 or more'),
    ...faultsOf(table.owner.trim() === '', 'owner is empty'),
    ...faultsOf(table.description.trim() === '', 'description is empty'),
    ...faultsOf(table.primaryKey.length === 0, 'primaryKey is empty'),
    ...faultsOf(new Set(table.primaryKey).size < table.primaryKey.length, 'primaryKey names a column twice'),
    ...names.flatMap((name) => columnFaults(name, table.columns[name], taken)),
    ...table.primaryKey.flatMap((name) => keyFaults(name, columnOf(table, name))),
    ...Object.keys(table.partitionBy).flatMap((name) => partitionFaults(name, columnOf(table, name))),
  ]
  return faults
}

/* Never what every object inherits: `constructor` is a possible column name. */
function columnOf({ columns }: Table, name: string): Column | undefined {
  return Object.hasOwn(columns, name) ? columns[name] : undefined
}

function columnFaults(name: string, column: Column | undefined, taken: Set<string>): readonly string[] {
  if (column === undefined) return []
  const lakeNames = column.type.kind === 'timestampMicros' ? [name, `${name}_micros`] : [name]
  const clash = lakeNames.find((lakeName) => taken.has(lakeName))
  for (const lakeName of lakeNames) taken.add(lakeName)
  return [
    ...faultsOf(
      !NAME.test(name),
      `${name}: a column name is lower case letters, digits and _, from a letter, 63 at most`,
    ),
    ...faultsOf(
      clash !== undefined,
      `${name}: ${clash} is the lake name of another column or of a partition`,
    ),
    ...faultsOf(column.description.trim() === '', `${name}: description is empty`),
    ...faultsOf(column.treatment !== 'clear' && column.pii === undefined, `${name}: treatment without pii`),
    ...faultsOf(
      column.treatment === 'hash' && !isHashable(column.type),
      `${name}: ${typeName(column.type)} cannot be hashed; drop it, or keep it clear`,
    ),
    ...faultsOf(!isMaskable(column), `${name}: ${typeName(column.type)} cannot be masked; hash or drop it`),
    ...[column.min, column.max].flatMap((bound) =>
      faultsOf(
        bound !== undefined && !/^-?\d+(\.\d+)?$/.test(String(bound)),
        `${name}: ${bound} is no plain bound`,
      ),
    ),
    ...faultsOf(
      column.min !== undefined && column.max !== undefined && column.min > column.max,
      `${name}: min is above max`,
    ),
    ...typeFaults(column.type).map((fault) => `${name}: ${fault}`),
  ]
}

function isMaskable({ treatment, type, pii }: Column): boolean {
  if (treatment !== 'mask') return true
  return pii === 'birth-date' ? type.kind === 'date' : type.kind === 'string' || type.kind === 'json'
}

function typeFaults(type: ColumnType): readonly string[] {
  switch (type.kind) {
    case 'decimal': {
      const { precision, scale } = type
      const isSound = Number.isInteger(precision) && precision >= 1 && precision <= 38
      return faultsOf(
        !isSound || !Number.isInteger(scale) || scale < 0 || scale > precision,
        `${typeName(type)} is not a decimal of 38 digits or fewer`,
      )
    }
    case 'enum':
      return faultsOf(
        type.values.length === 0 || new Set(type.values).size < type.values.length,
        'enum values must be distinct, at least one',
      )
    case 'string':
      return faultsOf(
        type.max !== undefined && !(Number.isInteger(type.max) && type.max > 0),
        'max must be 1 or more',
      )
    case 'list':
      return [
        ...faultsOf(
          type.of.kind === 'list' || type.of.kind === 'timestampMicros',
          `a list of ${type.of.kind} is not supported`,
        ),
        ...typeFaults(type.of),
      ]
    default:
      return []
  }
}

function keyFaults(name: string, column: Column | undefined): readonly string[] {
  if (column === undefined) return [`primaryKey: there is no column ${name}`]
  const isUnfit = ['list', 'json', 'binary'].includes(column.type.kind)
  return [
    ...faultsOf(column.nullable, `${name}: a key column is never null`),
    ...faultsOf(isUnfit, `${name}: a ${column.type.kind} cannot be a key`),
    ...faultsOf(
      column.treatment === 'mask' || column.treatment === 'drop',
      `${name}: a key may be clear or hashed, ${column.treatment} would merge rows`,
    ),
    ...faultsOf(
      column.type.kind === 'timestamp',
      `${name}: a key of type timestamp would lose microseconds; use timestampMicros`,
    ),
  ]
}

function partitionFaults(name: string, column: Column | undefined): readonly string[] {
  if (column === undefined) return [`partitionBy: there is no column ${name}`]
  const isDated =
    ['date', 'timestamp', 'timestampMicros'].includes(column.type.kind) && column.treatment === 'clear'
  return [
    ...faultsOf(!isDated, `partitionBy: ${name} must be a clear date or timestamp`),
    ...faultsOf(column.nullable, `partitionBy: ${name} may be null`),
  ]
}

function faultsOf(isFault: boolean, sentence: string): readonly string[] {
  return isFault ? [sentence] : []
}
