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
 * or missing, with the key columns of what is not folded alone, and if not, which is so nearly always, it makes the short
 * query: over the very files that were asked, so that what lands meanwhile is in a later query and not in half of this one.
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
  const files = await settledFiles(ask, known, root, options.asOf)
  if (files === undefined) return currentSelect(entry, duckdbSources(entry, root), options)
  const { history, ...sources } = duckdbSources(known, root, files)
  return currentSelect(
    entry,
    { ...sources, history: isMerged ? history : sources.fresh },
    { ...options, isSettled: true },
  )
}

async function settledFiles(
  ask: AskRows,
  entry: CatalogEntry,
  root: string,
  asOf: Position | undefined,
): Promise<readonly string[] | undefined> {
  const { table } = entry
  const files: string[] = []
  if (entry.partitions.length > 0) {
    const found = await ask(
      `SELECT file FROM glob(${literal(historyGlob(entry, root))}) LIMIT ${MAX_FILES + 1}`,
    )
    files.push(...found.map(([file]) => globPath(String(file))))
  }
  if (files.length > MAX_FILES) return undefined
  const columns = table.columns.filter(({ contractColumn }) => table.primaryKey.includes(contractColumn))
  const narrow = { ...entry, table: { ...table, columns } }
  const { fresh } = duckdbSources(narrow, root, files)
  const [[unsettled] = []] = await ask(
    unsettledSelect(narrow, { history: fresh }, asOf === undefined ? {} : { asOf }),
  )
  return Number(unsettled) === 0 ? files : undefined
}
