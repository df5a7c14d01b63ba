import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { parquetRelation } from './parquet-relation.ts'
import { globPath, literal } from './sql-text.ts'

const DAY = { name: 'ingest_date', type: 'DATE' } as const

/**
 * SELECT of every history row of a table, DuckDB dialect, from the files below `root`: first readings and those of
 * completed replays. Every column has its type also where no file has it yet. Of `files`, paths, where they are given.
 */
export function historySelect(entry: CatalogEntry, root: string, files?: readonly string[]): string {
  return select(entry, root, () => [], files)
}

/**
 * SELECT of the history rows that are not folded into base; of an entry without base all of them. Of `files`, paths, where
 * they are given.
 */
export function freshSelect(entry: CatalogEntry, root: string, files?: readonly string[]): string {
  const { base } = entry
  if (base === null) return select(entry, root, () => [], files)
  /* A registered partition always has a file, an open day may have none. */
  if (!entry.partitions.some((day) => day >= base.openSince))
    return select({ ...entry, partitions: [] }, root, () => [])
  const conditions = (path: string) => [
    `ingest_date >= DATE ${literal(base.openSince)}`,
    ...foldedCondition(base.folded, path),
  ]
  return select(entry, root, conditions, files)
}

/** The glob of a table's history files. */
export function historyGlob({ table }: CatalogEntry, root: string): string {
  return `${globPath(root)}/${table.location}/ingest_date=*/*.parquet`
}

/** Names of the folded files, day and all, that a query has room for. The others are read again, which changes nothing. */
const MAX_NAMED_BYTES = 1 << 20

function foldedCondition(folded: readonly string[], path: string): readonly string[] {
  let room = MAX_NAMED_BYTES
  const names = folded.flatMap((key) => {
    const name = literal(key.split('/').slice(-2).join('/'))
    room -= name.length
    return room < 0 ? [] : [name]
  })
  if (names.length === 0) return []
  return [`regexp_extract(${path}, 'ingest_date=[^/]*/[^/]*$') NOT IN (${names.join(', ')})`]
}

function select(
  entry: CatalogEntry,
  root: string,
  conditions: (path: string) => readonly string[],
  files: readonly string[] = [historyGlob(entry, root)],
): string {
  const { table, partitions, revisions } = entry
  const shown = `_revision IN (${[0, ...revisions].map(Number).join(', ')})`
  /* DuckDB refuses a glob without files; a registered partition always has one. */
  const paths = partitions.length === 0 ? [] : files
  return parquetRelation(paths, table.columns, [DAY], (path) => [shown, ...conditions(path)].join(' AND '))
}
