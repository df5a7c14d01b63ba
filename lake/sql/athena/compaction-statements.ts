import type { BasePartition, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { currentSelect, marksSelect } from '../current-select.ts'
import { identifier, literal } from '../sql-text.ts'
import { systemColumns, tableShape, waitingPlace } from '../table-shape.ts'
import { athenaDialect } from './athena-dialect.ts'
import { athenaSources, athenaTables } from './athena-sources.ts'

/** Values of the partition columns of base, `{ starts_at_day: '2026-03-02' }`. */
export type PartitionValues = Readonly<Record<string, string>>

export interface CompactionStatement {
  readonly sql: string
  /** The partitions that it writes; empty for the one of a table without partitions, and for tombstones. */
  readonly partitions: readonly PartitionValues[]
}

/** Athena writes at most this many partitions in one statement. */
const MAX_PARTITIONS = 100

/**
 * Athena's statements that make the base of a build, in order: a table with the first partitions, inserts of the others,
 * and the table of deleted keys. `partitions` are all that the build has. `location` is an empty prefix below which the
 * two tables are written. Athena has no 32-bit Murmur hash: a bucket is numbered by xxHash64 here, so that a build is made
 * whole by one engine.
 */
export function compactionStatements(
  entry: CatalogEntry,
  {
    build,
    partitions,
    root,
    location,
  }: {
    readonly build: number
    readonly partitions: readonly PartitionValues[]
    readonly root: string
    readonly location: string
  },
): readonly CompactionStatement[] {
  const { table } = entry
  const tables = athenaTables(table)
  const { keys } = tableShape(table)
  const system = systemColumns.map(identifier)
  /* Absent is only what no row has. Keys of base are those of the contract; partition columns come last. */
  const healed = system.map((name) =>
    name === '"_absent"' ? `CAST(_lacking AS array(varchar)) AS ${name}` : name,
  )
  const nulls = new Map([
    ['"_absent"', 'array(varchar)'],
    ['"_extra"', 'varchar'],
  ])
  const marked = system.map((name) =>
    nulls.has(name) ? `CAST(NULL AS ${nulls.get(name)}) AS ${name}` : name,
  )
  const folders = table.basePartitions.map((partition) => identifier(partition.name))
  const sources = athenaSources(entry, root)
  const state = `(${currentSelect(entry, sources, {
    dialect: athenaDialect,
    system: systemColumns,
    withDeleted: true,
    withIncomplete: true,
    withPartitions: false,
  })})`
  const outputs = [...healed, ...table.columns.map(({ name }) => identifier(name))]
  const derived = table.basePartitions.map(
    (partition) =>
      `coalesce(${partitionValue(partition, entry)}, ${literal(waitingPlace(partition))}) AS ${identifier(partition.name)}`,
  )
  const rows = (slice: readonly PartitionValues[]) => `SELECT ${[...outputs, ...folders].join(', ')}
FROM (SELECT *${derived.map((one) => `, ${one}`).join('')} FROM ${state} WHERE _op <> 'delete') p${whereIn(folders, slice)}`
  const create = (name: string, folder: string, partitionedBy: readonly string[], select: string) => {
    const properties = [
      `format = 'PARQUET'`,
      `write_compression = 'ZSTD'`,
      `external_location = ${literal(`${location}/${folder}/`)}`,
      ...(partitionedBy.length === 0
        ? []
        : [`partitioned_by = ARRAY[${partitionedBy.map((one) => literal(one)).join(', ')}]`]),
    ]
    return `CREATE TABLE ${name} WITH (${properties.join(', ')}) AS\n${select}`
  }
  const slices = folders.length === 0 ? [[]] : inSlices(partitions)
  const names = table.basePartitions.map(({ name }) => name)
  return [
    ...slices.map((slice, index) => ({
      partitions: slice,
      sql:
        index === 0
          ? create(tables.base(build), 'base', names, rows(slice))
          : `INSERT INTO ${tables.base(build)}\n${rows(slice)}`,
    })),
    {
      partitions: [],
      sql: create(
        tables.tombstones(build),
        'deleted',
        [],
        `SELECT ${[...healed, ...keys].join(', ')} FROM ${state} WHERE _op = 'delete'
UNION ALL
SELECT ${[...marked, ...keys].join(', ')} FROM (${marksSelect(entry, sources, athenaDialect)}) k`,
      ),
    },
  ]
}

/* A build without rows still is a table. */
function inSlices(partitions: readonly PartitionValues[]): readonly (readonly PartitionValues[])[] {
  const slices = [partitions.slice(0, MAX_PARTITIONS)]
  for (let at = MAX_PARTITIONS; at < partitions.length; at += MAX_PARTITIONS)
    slices.push(partitions.slice(at, at + MAX_PARTITIONS))
  return slices
}

function whereIn(folders: readonly string[], slice: readonly PartitionValues[]): string {
  if (folders.length === 0) return ''
  if (slice.length === 0) return '\nWHERE false'
  const [only] = folders
  const text = (values: PartitionValues, folder: string) => literal(values[folder.slice(1, -1)] ?? '')
  if (folders.length === 1 && only !== undefined)
    return `\nWHERE ${only} IN (${slice.map((values) => text(values, only)).join(', ')})`
  const all = slice.map(
    (values) => `(${folders.map((folder) => `${folder} = ${text(values, folder)}`).join(' AND ')})`,
  )
  return `\nWHERE ${all.join(' OR ')}`
}

function partitionValue({ column, rule }: BasePartition, { table }: CatalogEntry): string {
  const name = identifier(column)
  const type = table.columns.find((one) => one.name === column)?.type ?? 'string'
  if (typeof rule !== 'string') {
    const bytes = type === 'binary' ? name : `to_utf8(CAST(${name} AS varchar))`
    return `CAST(bitwise_and(from_big_endian_64(xxhash64(${bytes})), 2147483647) % ${Number(rule.bucket)} AS varchar)`
  }
  const day = athenaDialect.day(name, type)
  return rule === 'day' ? day : `substr(${day}, 1, 7)`
}
