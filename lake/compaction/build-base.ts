import { type Base, reachesBack } from '../../core/ports/catalog-entry.ts'
import type { Position } from '../../core/position.ts'
import { type BuildScope, pathsOf } from './plan/build-scope.ts'
import type { CompactionRecord, RetiredFile } from './plan/compaction-ledger.ts'
import { dayBefore, dayOf, type HistoryListing } from './plan/history-listing.ts'
import { filesOf } from './plan/retire-files.ts'
import { floorOf, rowsOfFiles } from './sql/lake-rows-sql.ts'
import { type Folded, foldHistory } from './write/fold-history.ts'
import { type MergedDay, mergeDay } from './write/merge-days.ts'
import { type WrittenBase, writeBase } from './write/write-base.ts'

export interface BuildPlan {
  readonly record: CompactionRecord
  readonly listing: HistoryListing
  /** History files to merge, by day. */
  readonly merges: readonly (readonly string[])[]
  /** Whether base is made of history alone where that goes back far enough, whatever base there is. */
  readonly isRemade: boolean
  /** Throws for a history file of the days from one on that is not what was written. */
  readonly verify: (firstDay: string) => Promise<void>
  /** Epoch milliseconds. */
  readonly now: number
}

export interface BuildProgress {
  readonly step: 'merge' | 'fold' | 'write'
  readonly done: number
  readonly all: number
}

/** A base that lies in the object store, audited, and that no catalog names yet. */
export interface NewBuild {
  readonly base: Base
  /** The record to save before the base is published. */
  readonly record: CompactionRecord
  readonly folded: Folded
  readonly partsWritten: number
  readonly partsCarried: number
  readonly bytesWritten: number
  readonly mergedFiles: number
  readonly merged: readonly MergedDay[]
}

const UNTOUCHED: Folded = { touched: 0, live: 0, dead: 0, marks: 0, replaced: 0, buried: 0 }

/** Merges small history files, folds the fresh ones and writes the partitions they touch. Throws as its steps do. */
export async function buildBase(
  scope: BuildScope,
  plan: BuildPlan,
  onProgress: (progress: BuildProgress) => void,
): Promise<NewBuild> {
  const { record, listing, merges } = plan
  const merged: MergedDay[] = []
  if (merges.length > 0) await plan.verify('')
  for (const [done, inputs] of merges.entries()) {
    scope.checkpoint()
    onProgress({ step: 'merge', done, all: merges.length })
    merged.push(await mergeDay(scope, inputs))
  }
  scope.checkpoint()
  onProgress({ step: 'fold', done: 0, all: 1 })
  const isWhole = plan.isRemade || isMadeWhole(scope, record)
  const { folded, written } =
    listing.fresh.length > 0 || isWhole ? await fold(scope, plan, isWhole, onProgress) : carryAll(scope)
  const base = {
    build: scope.build,
    position: await positionOf(scope, listing),
    ...foldedFiles(scope, plan, merged),
    historyFrom: scope.entry.base?.historyFrom ?? null,
    parts: written.parts,
    tombstones: written.tombstones,
    rows: written.rows,
  }
  const made = [...base.parts.flatMap(({ files }) => files), ...base.tombstones].filter(({ key }) =>
    scope.written.includes(key),
  )
  return {
    base,
    record: recordOf(scope, plan, base, merged),
    folded,
    partsWritten: written.partsWritten,
    partsCarried: written.partsCarried,
    bytesWritten: made.reduce((sum, { bytes }) => sum + bytes, 0),
    merged,
    mergedFiles: merged.reduce((sum, { inputs }) => sum + inputs.length, 0),
  }
}

/** Whether the next base is made of all history above the floor: there is none yet, or it has another floor or layout. */
export function isMadeWhole({ entry }: Pick<BuildScope, 'entry'>, { builds }: CompactionRecord): boolean {
  const { base, table } = entry
  if (base === null) return true
  const made = builds.find(({ build }) => build === base.build)
  const names = table.basePartitions.map(({ name }) => name).join()
  const isOtherLayout = base.parts.some(({ values }) => Object.keys(values).join() !== names)
  return made === undefined || made.floor !== floorOf(entry) || isOtherLayout
}

async function fold(
  scope: BuildScope,
  { record, listing, isRemade, verify }: BuildPlan,
  isWhole: boolean,
  onProgress: (progress: BuildProgress) => void,
) {
  const { sql, files, entry } = scope
  const { base } = entry
  await verify(isWhole ? '' : (base?.openSince ?? ''))
  const staged = await files.scratch('staged')
  const folded = await foldHistory(
    sql,
    {
      entry,
      history: async () => {
        if (!isWhole) await verify('')
        return pathsOf(files, listing.files)
      },
      fresh: await pathsOf(files, listing.fresh),
      base:
        base === null
          ? null
          : {
              rows: await pathsOf(
                files,
                base.parts.flatMap((part) => part.files.map(({ key }) => key)),
              ),
              tombstones: await pathsOf(
                files,
                base.tombstones.map(({ key }) => key),
              ),
              position: base.position,
            },
      isWhole,
      isHistoryWhole: record.historySince === null || (isRemade && reachesBack(entry)),
    },
    staged,
  )
  const written = await writeBase(scope, folded, staged, isWhole, (done, all) =>
    onProgress({ step: 'write', done, all }),
  )
  return { folded, written }
}

function carryAll({ entry }: BuildScope): { folded: Folded; written: WrittenBase } {
  const { parts = [], tombstones = [], rows = 0 } = entry.base ?? {}
  return {
    folded: UNTOUCHED,
    written: { parts, tombstones, rows, partsWritten: 0, partsCarried: parts.length },
  }
}

async function positionOf({ sql, files, entry }: BuildScope, listing: HistoryListing): Promise<Position> {
  const before = entry.base?.position ?? ''
  const fresh = rowsOfFiles(entry.table, await pathsOf(files, listing.fresh))
  const [[highest] = []] = await sql.rows(`SELECT max(_position) FROM (${fresh})`)
  return typeof highest === 'string' && highest > before ? highest : before
}

/* A day closes when the next one is over, unless a file in it still waits to be shown. */
function foldedFiles({ entry }: BuildScope, { listing, now }: BuildPlan, merged: readonly MergedDay[]) {
  const [close = ''] = [dayBefore(now, 1), ...listing.hidden.map(dayOf)].sort()
  const openSince = [close, entry.base?.openSince ?? ''].sort().at(-1) ?? close
  const { files, leftovers, retired } = listing
  const keys = [...files, ...leftovers, ...retired, ...merged.map(({ file }) => file.key)]
  return { openSince, folded: [...new Set(keys)].filter((key) => dayOf(key) >= openSince).sort() }
}

function recordOf(
  { entry, build, written }: BuildScope,
  { record, listing, now }: BuildPlan,
  base: Base,
  merged: readonly MergedDay[],
): CompactionRecord {
  const used = new Set([...filesOf(base), ...written])
  const retire = (keys: readonly string[], reason: RetiredFile['reason']) =>
    keys.filter((key) => !used.has(key)).map((key) => ({ key, build, at: now, reason }))
  const retired = [
    ...retire(filesOf(entry.base), 'replaced'),
    ...retire([...merged.flatMap(({ inputs }) => inputs), ...listing.leftovers], 'merged'),
  ]
  const renewed = new Set(retired.map(({ key }) => key))
  /* What an attempt at this build wrote down before it broke off counts no more. */
  const kept = record.retired.filter(
    (file) => file.build < build && !used.has(file.key) && !renewed.has(file.key),
  )
  const builds = record.builds.filter((made) => made.build === entry.base?.build)
  return {
    ...record,
    builds: [...builds, { build, floor: floorOf(entry) }],
    retired: [...kept, ...retired],
  }
}
