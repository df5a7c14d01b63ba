import type { CompactionPlan } from '../../core/operations/answers.ts'
import { columnList } from '../sql/sql-text.ts'
import { isMadeWhole } from './build-base.ts'
import type { CompactDeps } from './compact-deps.ts'
import { type CompactOptions, compactDefaults, entryOf, readableHistory, sizeOf } from './compact-table.ts'
import { pathsOf } from './plan/build-scope.ts'
import { firstRecord } from './plan/retire-files.ts'
import { countedRows, keyColumns, rowsOfFiles } from './sql/lake-rows-sql.ts'
import { partitionSql } from './sql/partition-sql.ts'
import { damagedBase, requireHistory } from './verify-files.ts'
import { numbers } from './write/fold-history.ts'
import { daysToMerge } from './write/merge-days.ts'

/** Looks what a compaction would do now; nothing is changed. */
export async function planCompaction(
  name: string,
  version: number,
  deps: Omit<CompactDeps, 'now' | 'signal'>,
  options: CompactOptions = {},
): Promise<CompactionPlan> {
  const { sql, files } = deps
  const entry = await entryOf(name, version, deps)
  const { table, base } = entry
  const record = (await deps.ledger.read(name, version)) ?? firstRecord(entry)
  const listing = await readableHistory(entry, record, deps)
  const settings = { ...compactDefaults, ...options }
  const damaged = await damagedBase(entry, deps, 'size')
  requireHistory(entry, damaged)
  const isRemade = settings.isRebuild || damaged.length > 0
  const isWhole = isRemade || isMadeWhole({ entry }, record)
  const merges = await daysToMerge({ sql, files, fileBytes: settings.fileBytes }, listing, settings)
  const paths = await pathsOf(files, isWhole ? listing.files : listing.fresh)
  const freshBytes = await sizeOf(listing.fresh, deps)
  const keys = columnList(keyColumns(table))
  const fresh = `(SELECT * FROM (${rowsOfFiles(table, paths)}) WHERE ${countedRows(entry)})`
  const [touchedKeys = 0] = await numbers(
    sql,
    `SELECT count(*) FROM (SELECT ${keys} FROM ${fresh} GROUP BY ${keys})`,
  )
  const places = partitionSql(table)
  const target = await sql.rows(
    `SELECT DISTINCT ${places.length > 0 ? places.join(', ') : '1'} FROM ${fresh} WHERE _op NOT IN ('delete', 'refused')`,
  )
  const written = new Set(target.map((values) => (places.length > 0 ? values : []).map(String).join('/')))
  const old = isWhole ? [] : (base?.parts ?? [])
  const touched = new Set(await filesWithKeys(old.flatMap((part) => part.files.map(({ key }) => key))))
  let partBytes = 0
  let carried = 0
  for (const { values, files: inPart } of old) {
    const place = Object.values(values).join('/')
    if (!written.has(place) && !inPart.some(({ key }) => touched.has(key))) carried += 1
    else {
      written.add(place)
      partBytes += inPart.reduce((sum, { bytes }) => sum + bytes, 0)
    }
  }
  const newBytes = isWhole ? await sizeOf(listing.files, deps) : freshBytes
  const bytesToWrite = partBytes + newBytes
  return {
    table: name,
    version,
    isWhole,
    freshFiles: listing.fresh.length,
    freshBytes,
    touchedKeys,
    partsToWrite: written.size,
    partsToCarry: carried,
    bytesToRead: partBytes + newBytes,
    bytesToWrite,
    writeAmplification: freshBytes === 0 ? null : bytesToWrite / freshBytes,
    filesToMerge: merges.reduce((sum, inputs) => sum + inputs.length, 0),
  }

  /* Base files that hold a row of a touched key. */
  async function filesWithKeys(objectKeys: readonly string[]): Promise<readonly string[]> {
    const local = await pathsOf(files, objectKeys)
    const found = await sql.rows(`SELECT DISTINCT _file FROM (${rowsOfFiles(table, local)})
      SEMI JOIN (SELECT ${keys} FROM ${fresh}) USING (${keys})`)
    const hit = new Set(found.map(([path]) => path))
    return objectKeys.filter((_, index) => hit.has(local[index] ?? ''))
  }
}
