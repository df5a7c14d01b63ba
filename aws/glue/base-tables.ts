import { posix } from 'node:path'
import type { Column, PartitionInput, TableInput } from '@aws-sdk/client-glue'
import { versionedName } from '../../core/contract/language/lake-table-name.ts'
import type { Base, CatalogColumn, CatalogTable, LakeFile } from '../../core/ports/catalog-entry.ts'
import { athenaTables } from '../../lake/sql/athena/athena-sources.ts'
import {
  createTable,
  deleteTable,
  findTable,
  type GlueAccess,
  listPartitions,
  listTables,
} from './glue-database.ts'
import { createPartitions, deletePartitions } from './partition-batches.ts'
import { glueColumns, glueName, parquetStorage } from './table-input.ts'

export interface BasePlace extends GlueAccess {
  /** Before the name of each database. */
  readonly prefix: string
  /** Where the keys of the lake lie: `s3://bucket`. */
  readonly root: string
}

/** A table of one build, and its partitions: each with the folder that holds its files and no others. */
interface BuildTable {
  readonly input: TableInput
  readonly partitions: readonly PartitionInput[]
}

/* Athena ends a query after 30 minutes, unless an account has a larger quota. */
const GRACE_MS = 3_600_000

/**
 * Makes Athena's tables of a base: its rows, a partition for each of its parts, and its tombstones. A partition that was
 * carried over lies in the folder of the build that wrote it. Nobody reads a build before its pointer is set, so what an
 * attempt that broke off left behind is put right; `confirm`, which throws when the build was published since, is asked
 * before.
 */
export async function makeBaseTables(
  place: BasePlace,
  table: CatalogTable,
  base: Base,
  confirm: () => Promise<void>,
): Promise<void> {
  const { database } = glueName(place.prefix, table)
  for (const { input, partitions } of buildTables(place, table, base)) {
    const name = input.Name ?? ''
    if ((await findTable(place, database, name)) !== undefined) {
      await confirm()
      /* Glue forgets the partitions of a deleted table only after a while. */
      await deletePartitions(place, { database, table: name }, await listPartitions(place, database, name))
      await deleteTable(place, database, name)
    }
    await createTable(place, database, input)
    await createPartitions(place, { database, table: name }, partitions)
  }
}

/**
 * Takes away the tables of builds that were out of use an hour before the tables of `current` were made: the time of Glue,
 * not ours. Their files are the compaction's to delete. Resolves with the oldest build that is left.
 */
export async function dropBaseTables(
  place: BasePlace,
  table: CatalogTable,
  current: number,
): Promise<number> {
  const { database } = glueName(place.prefix, table)
  const builds = new Map<number, { readonly names: readonly string[]; readonly madeAt: number }>()
  for (const { Name = '', CreateTime } of await listTables(place, database)) {
    const build = buildOf(table, Name)
    if (build === undefined || build > current) continue
    const { names = [], madeAt = 0 } = builds.get(build) ?? {}
    builds.set(build, { names: [...names, Name], madeAt: Math.max(madeAt, CreateTime?.getTime() ?? 0) })
  }
  const inOrder = [...builds].sort(([one], [other]) => one - other)
  const now = builds.get(current)?.madeAt ?? 0
  let oldest = current
  for (const [index, [build, { names }]] of inOrder.entries()) {
    /* Out of use since the next one was made. */
    const until = inOrder[index + 1]?.[1].madeAt
    if (until !== undefined && until + GRACE_MS <= now)
      for (const name of names) await deleteTable(place, database, name)
    else oldest = Math.min(oldest, build)
  }
  return oldest
}

function buildOf(table: CatalogTable, glueTable: string): number | undefined {
  const [, own, digits] = /^(.*)_(?:base|deleted)_(\d{6,})$/.exec(glueTable) ?? []
  return own === versionedName(table).table ? Number(digits) : undefined
}

function buildTables({ root }: BasePlace, table: CatalogTable, base: Base): readonly BuildTable[] {
  const { base: rowsName, tombstones } = athenaTables(table)
  const rows = glueColumns(table.columns)
  const isKey = ({ contractColumn }: CatalogColumn) => table.primaryKey.includes(contractColumn)
  const nowhere = `${table.baseLocation}/_none/${String(base.build).padStart(6, '0')}`
  const isPartitioned = table.basePartitions.length > 0
  const folder = (files: readonly LakeFile[]) => `${root}/${folderOf(files) ?? nowhere}/`
  return [
    {
      input: {
        ...external(
          tableOf(rowsName(base.build)),
          rows,
          isPartitioned ? `${root}/${table.baseLocation}/` : folder(base.parts[0]?.files ?? []),
        ),
        PartitionKeys: table.basePartitions.map(({ name }) => ({ Name: name, Type: 'string' })),
      },
      partitions: isPartitioned
        ? base.parts.map(({ values, files }) => ({
            Values: table.basePartitions.map(({ name }) => values[name] ?? ''),
            StorageDescriptor: parquetStorage(rows, folder(files)),
          }))
        : [],
    },
    {
      input: {
        ...external(
          tableOf(tombstones(base.build)),
          glueColumns(table.columns.filter(isKey)),
          folder(base.tombstones),
        ),
        /* Athena fails on a table without the list. */
        PartitionKeys: [],
      },
      partitions: [],
    },
  ]
}

function external(Name: string, columns: readonly Column[], location: string): TableInput {
  return {
    Name,
    TableType: 'EXTERNAL_TABLE',
    Parameters: { classification: 'parquet', EXTERNAL: 'TRUE' },
    StorageDescriptor: parquetStorage(columns, location),
  }
}

/* Athena's name in quotes is "database"."table". */
function tableOf(quoted: string): string {
  return quoted.slice(quoted.indexOf('.') + 1).replaceAll('"', '')
}

/** The one folder of some files; undefined of none. Throws RangeError when they lie in several. */
function folderOf(files: readonly LakeFile[]): string | undefined {
  const folders = new Set(files.map(({ key }) => posix.dirname(key)))
  if (folders.size > 1) throw new RangeError('files of one part lie in several folders')
  return [...folders][0]
}
