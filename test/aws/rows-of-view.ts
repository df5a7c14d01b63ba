import { type EntryState, stateOf } from '../../aws/glue/entry-parameters.ts'
import type { Base, CatalogEntry, LakeFile } from '../../core/ports/catalog-entry.ts'
import { nextStep } from '../../core/position.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import type { FolderObjects } from '../../local/stores/folder-objects.ts'
import type { FakeGlue } from './fake-glue.ts'

interface GlueLake {
  readonly glue: FakeGlue
  readonly database: string
  /** `s3://…`, whose keys lie in `objects`. */
  readonly root: string
  readonly objects: FolderObjects
  /** Where they are files. */
  readonly folder: string
}

/**
 * What Athena reads now of a table `domain.name`: of its view as it is written in Glue, of the tables that the view names,
 * and of whatever lies in their folders. DuckDB computes it, by its own text of the same query.
 */
export async function rowsOfView(lake: GlueLake, table: string, sql: string): Promise<readonly unknown[]> {
  const session = await LakeSession.open({
    folder: lake.folder,
    entries: [await entryOfView(lake, table)],
    threads: 1,
  })
  try {
    const rows: unknown[] = []
    for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
    return rows
  } finally {
    await session.close()
  }
}

async function entryOfView(lake: GlueLake, table: string): Promise<CatalogEntry> {
  const { glue, database } = lake
  const name = table.split('.')[1] ?? ''
  const tables = glue.tables().filter(({ DatabaseName = database }) => DatabaseName === database)
  const view = tables.find(({ Name }) => Name === name)
  const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(view?.ViewOriginalText ?? '') ?? []
  const text: string = JSON.parse(Buffer.from(encoded, 'base64').toString()).originalSql
  const [, history = ''] = /"([^"]+_history)"/.exec(text) ?? []
  const state = stateOf(history, tables.find(({ Name }) => Name === history)?.Parameters)
  if (state === undefined) throw new Error(`the view reads ${history}, which is not there`)
  const [, floor] = /_position >= '([^']+)'/.exec(text) ?? []
  const [, revisions = '0'] = /_revision IN \(([^)]+)\)/.exec(text) ?? []
  return {
    table: state.table,
    floors: floor === undefined ? [] : [{ position: floor, reason: 'truncate' }],
    revisions: revisions
      .split(',')
      .map(Number)
      .filter((one) => one > 0),
    partitions: glue
      .partitionsOf(database, history)
      .flatMap(({ Values }) => Values ?? [])
      .toSorted(),
    base: await baseOfView(lake, state, text),
  }
}

async function baseOfView(
  { glue, database, root, objects }: GlueLake,
  { table }: EntryState,
  text: string,
): Promise<Base | null> {
  const [, rowsName] = /"([^"]+_base_\d+)"/.exec(text) ?? []
  if (rowsName === undefined) return null
  const known = new Map(glue.tables().map((one) => [one.Name, one]))
  const rowsTable = known.get(rowsName)
  const deleted = known.get(rowsName.replace('_base_', '_deleted_'))
  if (rowsTable === undefined || deleted === undefined) throw new Error(`${rowsName} is not there`)
  const filesIn = async (location = ''): Promise<readonly LakeFile[]> => {
    const keys = await objects.list(location.slice(root.length + 1))
    return keys.map((key) => ({ key, rows: 0, bytes: 0 }))
  }
  const { PartitionKeys = [], StorageDescriptor } = rowsTable
  const places =
    PartitionKeys.length === 0 ? [{ Values: [], StorageDescriptor }] : glue.partitionsOf(database, rowsName)
  const parts = []
  for (const place of places)
    parts.push({
      values: Object.fromEntries(PartitionKeys.map(({ Name = '' }, at) => [Name, place.Values?.[at] ?? ''])),
      files: await filesIn(place.StorageDescriptor?.Location),
    })
  const [, folded = ''] = /"\$path" NOT IN \(([^)]*)\)/.exec(text) ?? []
  const [, late = ''] = /_first <= '([^']+)'/.exec(text) ?? []
  const build = Number(/\d+$/.exec(rowsName)?.[0])
  const manifests: Base[] = []
  for (const key of await objects.list(`catalog/base/${table.name}/v${table.version}/`))
    manifests.push(JSON.parse((await objects.get(key)).toString()))
  const written = manifests.find((one) => one.build === build && nextStep(one.position) === late)
  if (written === undefined) throw new Error(`no manifest of build ${build}`)
  return {
    ...written,
    parts,
    openSince: /ingest_date >= DATE '([^']+)'/.exec(text)?.[1] ?? '',
    folded: [...folded.matchAll(/'([^']+)'/g)].map(([, path = '']) => path.slice(root.length + 1)),
    tombstones: await filesIn(deleted.StorageDescriptor?.Location),
  }
}
