import { parseTableName } from '../../source-table-name.ts'
import type { Column } from '../language/column.ts'
import { reservedNames } from '../language/lake-names.ts'
import type { PartitionRule, Table } from '../language/table.ts'
import type { ColumnType } from '../value/type.ts'
import { columnFaults } from './check-column.ts'
import { rowCheckFaults } from './check-row-checks.ts'
import { type Fault, fault } from './fault.ts'

const TABLE_NAME = /^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$/
const MAX_BUCKETS = 1024

/** Every fault of a contract that TypeScript cannot see, or that came as data; empty when it is sound. */
export function checkTable(table: Table): readonly Fault[] {
  const names = Object.keys(table.columns)
  const taken = new Set(reservedNames)
  return [
    ...fault('T101', 'name', 'must be domain.table in lower case', !TABLE_NAME.test(table.name)),
    ...fault('T102', 'version', 'must be 1 or more', !isCount(table.version)),
    ...fault('T103', 'owner', 'is empty', table.owner.trim() === ''),
    ...fault('T104', 'description', 'is empty', table.description.trim() === ''),
    ...fault(
      'T105',
      'source.table',
      'is not schema.table; a part with a dot, a quote or a star is in double quotes: "app.v2".users',
      parseTableName(table.source.table) === undefined,
    ),
    ...fault('T111', 'primaryKey', 'is empty', table.primaryKey.length === 0),
    ...fault('T112', 'primaryKey', 'names a column twice', hasTwins(table.primaryKey)),
    ...names.flatMap((name) => columnFaults(name, table.columns[name], taken)),
    ...table.primaryKey.flatMap((name) => keyFaults(name, columnOf(table, name))),
    ...Object.entries(table.partitionBy).flatMap(([name, rule]) =>
      partitionFaults(name, rule, columnOf(table, name), taken),
    ),
    ...rowCheckFaults(table.checks ?? [], (name) => columnOf(table, name)),
  ]
}

/* Never what every object inherits: `constructor` is a possible column name. */
function columnOf({ columns }: Table, name: string): Column | undefined {
  return Object.hasOwn(columns, name) ? columns[name] : undefined
}

function keyFaults(name: string, column: Column | undefined): readonly Fault[] {
  if (column === undefined) return fault('T113', 'primaryKey', `there is no column ${name}`)
  const path = `columns.${name}`
  const { kind } = column.type
  const isUnfit = ['list', 'struct', 'json', 'binary'].includes(kind)
  const isMerging = column.treatment === 'mask' || column.treatment === 'drop'
  return [
    ...fault('T114', path, 'a key column is never null', column.nullable),
    ...fault('T115', path, `a ${kind} cannot be a key`, isUnfit),
    ...fault(
      'T116',
      path,
      `a key may be clear, hashed or tokenised, ${column.treatment} would merge rows`,
      isMerging,
    ),
    ...fault(
      'T117',
      path,
      'a key of type timestamp would lose microseconds; use timestampMicros',
      kind === 'timestamp',
    ),
    ...fault('T118', path, 'a clamped key would merge rows', column.beyond === 'clamp'),
    ...fault('T119', path, 'a key has no default', column.default !== undefined),
  ]
}

function partitionFaults(
  name: string,
  rule: PartitionRule,
  column: Column | undefined,
  taken: ReadonlySet<string>,
): readonly Fault[] {
  const path = `partitionBy.${name}`
  if (column === undefined) return fault('T121', path, 'there is no such column')
  const { type, beyond, nullable, treatment } = column
  const lakeName = `${name}_${typeof rule === 'string' ? rule : 'bucket'}`
  const isTaken = taken.has(lakeName)
  return [
    ...fault('T122', path, 'must never be null', nullable),
    ...fault('T122', path, `must be clear, not ${treatment}`, treatment !== 'clear'),
    ...fault('T126', path, `${lakeName} is the lake name of a column`, isTaken),
    ...(typeof rule === 'string' ? dayFaults() : bucketFaults(rule.bucket)),
  ]

  function dayFaults(): readonly Fault[] {
    const isDated = ['date', 'timestamp', 'timestampMicros'].includes(type.kind) && beyond !== 'text'
    const isGrain = rule === 'day' || rule === 'month'
    return fault('T123', path, 'day and month are of a date or a timestamp', !isDated || !isGrain)
  }

  function bucketFaults(count: number): readonly Fault[] {
    const isSound = isCount(count) && count <= MAX_BUCKETS
    return [
      ...fault('T124', path, `must have 1 to ${MAX_BUCKETS} buckets`, !isSound),
      ...fault(
        'T125',
        path,
        `a ${type.kind} has no bucket`,
        !isBucketable(beyond === 'text' ? { kind: 'string' } : type),
      ),
    ]
  }
}

/* Whether values of a type have one hash each: floats have two zeros, documents many texts. */
function isBucketable({ kind }: ColumnType): boolean {
  return !['double', 'real', 'boolean', 'json', 'list', 'struct'].includes(kind)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1
}

function hasTwins(names: readonly string[]): boolean {
  return new Set(names).size < names.length
}
