import { join } from 'node:path'
import { ObjectDocuments } from '../../../aws/s3/object-documents.ts'
import type { Table } from '../../../core/contract/index.ts'
import type { ManifestChange, ManifestFile } from '../../../core/ledger/ledger.ts'
import type { CompactionResult } from '../../../core/operations/answers.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { Catalog } from '../../../core/ports/ports.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import type { CompactDeps } from '../../../lake/compaction/compact-deps.ts'
import { type CompactOptions, compactTable } from '../../../lake/compaction/compact-table.ts'
import { healedRows } from '../../../lake/compaction/sql/fold-sql.ts'
import { countedRows, keyColumns, rowsOfFiles } from '../../../lake/compaction/sql/lake-rows-sql.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { CompactionDocuments } from '../../../state/documents/compaction-documents.ts'
import { type SmallLake, smallLake } from '../small-lake.ts'

export const NOW = Date.parse('2024-01-02T12:00:00Z')

/** A lake of one table in a folder, with everything that compacts it. */
export interface CompactionLake extends SmallLake {
  readonly table: Table
  readonly deps: CompactDeps
  /** What compactions said of history files that came and were not taken away. */
  readonly manifest: ReadonlyMap<string, ManifestFile>
  entry(): Promise<CatalogEntry>
  compact(options?: CompactOptions, deps?: Partial<CompactDeps>): Promise<CompactionResult>
  /** Rows of the base and of the whole history folded at once, as text, sorted. */
  baseRows(): Promise<readonly string[]>
  foldedRows(): Promise<readonly string[]>
  tombstones(): Promise<readonly string[]>
  deletedKeys(): Promise<readonly string[]>
}

export async function compactionLake(root: string, table: Table, sql: DuckEngine): Promise<CompactionLake> {
  const lake = await smallLake(root)
  await lake.register(table)
  const manifest = new Map<string, ManifestFile>()
  const catalog: Catalog = lake.catalog
  const deps: CompactDeps = {
    sql,
    files: new FolderFiles(lake.objects, join(root, 'scratch')),
    objects: lake.objects,
    catalog,
    ledger: new CompactionDocuments(new ObjectDocuments(lake.objects)),
    manifest: {
      replaceFiles: async ({ added, removed }: ManifestChange) => {
        for (const file of added) manifest.set(file.key, file)
        for (const key of removed) manifest.delete(key)
      },
    },
    now: () => NOW,
    signal: new AbortController().signal,
  }
  const entry = async () => {
    const [found] = await lake.catalog.entries()
    if (found === undefined) throw new Error('no entry')
    return found
  }
  const textsOf = async (select: string) =>
    (await sql.rows(`SELECT r::VARCHAR FROM (${select}) r`)).map(([row]) => String(row)).sort()
  const history = async () => {
    const found = await entry()
    const keys = await lake.objects.list(`${found.table.location}/`)
    const paths = keys.map((key) => lake.objects.path(key))
    return { found, rows: `(SELECT * FROM (${rowsOfFiles(found.table, paths)}) WHERE ${countedRows(found)})` }
  }
  return {
    ...lake,
    table,
    deps,
    manifest,
    entry,
    compact: (options = {}, other = {}) =>
      compactTable(table.name, table.version, { ...deps, ...other }, options),
    async baseRows() {
      const found = await entry()
      const paths = (found.base?.parts ?? []).flatMap(({ files }) =>
        files.map(({ key }) => lake.objects.path(key)),
      )
      return textsOf(`SELECT * EXCLUDE (_file) FROM (${rowsOfFiles(found.table, paths)})`)
    },
    async foldedRows() {
      const { found, rows } = await history()
      return textsOf(healedRows(found, rows))
    },
    async tombstones() {
      const found = await entry()
      const paths = (found.base?.tombstones ?? []).map(({ key }) => lake.objects.path(key))
      const keys = keyColumns(found.table).join('", "')
      return textsOf(
        `SELECT "${keys}", _position FROM (${rowsOfFiles(found.table, paths)}) WHERE _op = 'delete'`,
      )
    },
    async deletedKeys() {
      const { found, rows } = await history()
      const keys = keyColumns(found.table).join('", "')
      return textsOf(`SELECT "${keys}", _position FROM (SELECT * FROM ${rows}
        QUALIFY row_number() OVER (PARTITION BY "${keys}" ORDER BY _op <> 'refused' DESC, _position DESC, _revision DESC) = 1) WHERE _op = 'delete'`)
    },
  }
}
