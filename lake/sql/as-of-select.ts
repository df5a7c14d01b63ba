import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { type CurrentSources, currentColumns, mergedSelect, wholeSelect } from './current-select.ts'
import { literal } from './sql-text.ts'

const POSITION = '[0-9a-f]{4}-[0-9a-f]{16}-[0-9a-f]{10}'

/**
 * SELECT of a table as it was at a position which is known only when the query runs, DuckDB dialect: `position` is an
 * expression, such as the parameter of a macro. The query fails, and does not answer with less, for text that is no
 * position, and for one that history no longer reaches back to.
 */
export function asOfSelect(entry: CatalogEntry, sources: CurrentSources, position: string): string {
  const { base, floors } = entry
  const moment = { position, floor: floorAt(entry, position) }
  const whole = wholeSelect(entry, sources.history, moment, {})
  if (base === null || sources.base === undefined)
    return `SELECT * FROM (${whole})\nUNION ALL\n${guard(entry, sources, position)}`
  const lastKnown = [base.position, floors.at(-1)?.position ?? ''].toSorted().at(-1) ?? ''
  const isCovered = `${position} >= ${literal(lastKnown)}`
  return [
    `SELECT * FROM (${mergedSelect(entry, sources, moment, {})}) WHERE ${isCovered}`,
    `SELECT * FROM (${whole}) WHERE NOT (${isCovered})`,
    guard(entry, sources, position, isCovered),
  ].join('\nUNION ALL\n')
}

/**
 * Expression of the highest position that was committed at or before a time, an expression too; null when none was. Rows
 * of a load have no commit time: they count from the day they were landed on, and before any later commit.
 */
export function positionAt(history: string, time: string): string {
  return `(SELECT max(h._position) FROM ${history} h
    CROSS JOIN (SELECT min(_position) AS _after FROM ${history} WHERE _committed_at > ${time}) a
    WHERE h._committed_at <= ${time}
      OR (h._committed_at IS NULL AND h.ingest_date <= CAST(${time} AS DATE) AND (a._after IS NULL OR h._position < a._after)))`
}

function floorAt({ floors }: CatalogEntry, position: string): string {
  if (floors.length === 0) return `''`
  const cases = floors.map((floor) => {
    const text = literal(floor.position)
    return `WHEN ${position} >= ${text} THEN ${text}`
  })
  return `CASE ${cases.toReversed().join(' ')} ELSE '' END`
}

/* No rows, or an error: before the table's first floor nobody knows its rows, and of dropped history only base is left. */
function guard(
  entry: CatalogEntry,
  { history }: CurrentSources,
  position: string,
  isCovered = 'false',
): string {
  const { base, floors } = entry
  const first = floors[0]
  const isBefore =
    first === undefined
      ? `coalesce(${position} < (SELECT min(_position) FROM ${history}), true)`
      : `${position} < ${literal(first.position)}`
  const lacks = base?.historyFrom ?? null
  const isDropped = lacks === null ? 'false' : `${floorAt(entry, position)} <= ${literal(lacks)}`
  const nulls = currentColumns(entry).map(() => 'NULL')
  return `SELECT ${nulls.join(', ')} WHERE CASE
    WHEN ${position} IS NULL THEN error('nothing was committed at or before that time')
    WHEN NOT regexp_full_match(${position}, ${literal(POSITION)}) THEN error('not a position')
    WHEN NOT (${isCovered}) AND (${isBefore} OR ${isDropped}) THEN error('history does not reach back to that position')
    ELSE 'no rows' END = ''`
}
