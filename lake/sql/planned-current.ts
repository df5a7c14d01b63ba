import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Position } from '../../core/position.ts'
import { type CurrentOptions, currentSelect, unsettledSelect, usesBase } from './current-select.ts'
import { duckdbSources } from './duckdb-sources.ts'
import { historyGlob } from './history-select.ts'
import { globPath, literal } from './sql-text.ts'

/** Rows of a query in DuckDB. */
export type AskRows = (sql: string) => Promise<readonly (readonly unknown[])[]>

/* A query has room for the names of so many. */
const MAX_FILES = 1_000

/**
 * SELECT of the current rows of a table from the files below `root`, DuckDB dialect. It asks first whether anything is late
 * or missing, with the key columns of what is not folded alone, and if not it makes the short
 * query. Either is over the very files that were asked, so that what lands meanwhile is in a later query and not in half of
 * this one; but for a table of more than 1,000 of them.
 */
export async function plannedCurrent(
  ask: AskRows,
  entry: CatalogEntry,
  root: string,
  options: CurrentOptions = {},
): Promise<string> {
  const isMerged = usesBase(entry, options.asOf)
  /* Of a moment before base what is folded into it counts, too. */
  const known = isMerged ? entry : { ...entry, base: null }
  const files = await landedFiles(ask, entry, root)
  if (files === undefined || !(await isSettled(ask, known, { root, files }, options.asOf)))
    return currentSelect(entry, duckdbSources(entry, root, files), options)
  const { history, ...sources } = duckdbSources(known, root, files)
  return currentSelect(
    entry,
    { ...sources, history: isMerged ? history : sources.fresh },
    { ...options, isSettled: true },
  )
}

/* Undefined for too many. */
async function landedFiles(
  ask: AskRows,
  entry: CatalogEntry,
  root: string,
): Promise<readonly string[] | undefined> {
  if (entry.partitions.length === 0) return []
  const found = await ask(
    `SELECT file FROM glob(${literal(historyGlob(entry, root))}) LIMIT ${MAX_FILES + 1}`,
  )
  return found.length > MAX_FILES ? undefined : found.map(([file]) => globPath(String(file)))
}

async function isSettled(
  ask: AskRows,
  entry: CatalogEntry,
  { root, files }: { readonly root: string; readonly files: readonly string[] },
  asOf: Position | undefined,
): Promise<boolean> {
  const { table } = entry
  const columns = table.columns.filter(({ contractColumn }) => table.primaryKey.includes(contractColumn))
  const narrow = { ...entry, table: { ...table, columns } }
  const { fresh } = duckdbSources(narrow, root, files)
  const [[unsettled] = []] = await ask(
    unsettledSelect(narrow, { history: fresh }, asOf === undefined ? {} : { asOf }),
  )
  return Number(unsettled) === 0
}
