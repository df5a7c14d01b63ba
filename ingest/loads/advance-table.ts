import type { LoadFile, TableLoad } from '../../core/load/load.ts'
import type { TaskTable } from '../../core/load/load-task.ts'
import { arrivedFile, bytesOf, rowsOf, unevenFile } from './audit-table.ts'

/** What landing says of one file of a load. */
export interface FileResult {
  readonly file: LoadFile
  /** Why it was set aside whole. */
  readonly failure?: TableLoad['failure'] | undefined
}

export interface TableSeen {
  /** The task's run for the load; undefined when it was not looked at. */
  readonly run:
    | {
        readonly isBegun: boolean
        readonly isReading: boolean
        /** By the task's clock, as `TaskTable.readAt`. */
        readonly began: string | null
        readonly isFinished: boolean
        readonly reason: string
      }
    | undefined
  readonly read: TaskTable | undefined
  /** Files in the landing prefix. */
  readonly keys: readonly string[]
  readonly results: ReadonlyMap<string, FileResult>
  readonly now: number
}

/* From when the last row was read: landing and its retries, by the rows that did not land. */
const LANDING_MS = 30 * 60_000
/* From the end of the task: its statistics, which come late. */
const STATISTICS_MS = 10 * 60_000

/**
 * A table that is being read or landed, as it is now that this was seen; the same object when nothing is new. `audited`
 * once every file has landed and they have every row that was read.
 */
export function advanceTable(table: TableLoad, { run, read, keys, results, now }: TableSeen): TableLoad {
  const at = new Date(now).toISOString()
  const failed = (code: 'load/audit' | 'load/not-read', message: string): TableLoad => ({
    ...{ ...table, state: 'failed', endedAt: at },
    failure: { code, message: `${table.table}: ${message}` },
  })
  /* It is gone from the prefix by now. */
  const [aside] = [...results.values()].flatMap(({ failure }) => failure ?? [])
  if (aside !== undefined) return { ...table, state: 'failed', failure: aside, endedAt: at }
  const isOurs = run !== undefined && isOfRun(run, read)
  const isRead = table.isRead || (isOurs && read?.state === 'read')
  const isEnded = run !== undefined && !run.isReading && !isRead
  if (isEnded && read?.state === 'failed')
    return failed('load/not-read', `DMS could not read it; ${run.reason}`)
  if (isEnded && !isWaited(table, run, now))
    return failed('load/not-read', `DMS ended before it was read; ${run.reason}`)
  const files = keys.map((key): LoadFile => results.get(key)?.file ?? arrivedFile(key))
  const landed = rowsOf(files)
  const seen: TableLoad = {
    ...{ ...table, files, isRead, bytes: bytesOf(files) },
    rows: isRead ? (table.isRead ? table.rows : (read?.rows ?? 0)) : Math.max(landed, soFar(run, read)),
    ...(isRead || isEnded ? { readAt: isRead === table.isRead ? (table.readAt ?? at) : at } : {}),
  }
  const news = isSame(table, seen) ? table : seen
  if (!isRead) return news
  const uneven = unevenFile(seen)
  if (uneven !== undefined) return failed('load/audit', uneven)
  /* DMS may write a row twice while it changes, never less than it counts. */
  const isWhole = files.every(({ state }) => state === 'landed') && landed >= seen.rows
  if (isWhole) return { ...seen, state: 'audited' }
  if (now - Date.parse(seen.readAt ?? at) <= LANDING_MS) return news
  const missing = files.filter(({ state }) => state === 'arrived')
  const first =
    missing[0] === undefined ? '' : `; ${missing.length} files have not, the first is ${missing[0].key}`
  return failed('load/audit', `${seen.rows} rows were read, ${landed} have landed${first}`)
}

/*
 * Whether what the task says of the table is of this run. Statistics of the run before stay for a while: an empty table of
 * then would be complete at once, and its floor would hide every row.
 */
function isOfRun(
  { isBegun, isReading, isFinished, began }: NonNullable<TableSeen['run']>,
  read: TaskTable | undefined,
): boolean {
  if (!isBegun || read === undefined) return false
  if (read.readAt !== null && began !== null) return read.readAt >= began
  return !isReading && isFinished
}

/* For progress: nothing depends on it. */
function soFar(run: TableSeen['run'], read: TaskTable | undefined): number {
  return run?.isReading === true && read?.readAt === null ? read.rows : 0
}

/* Its statistics, or the task itself, may still say that it was read. */
function isWaited(
  { readAt }: TableLoad,
  { isBegun, isFinished }: NonNullable<TableSeen['run']>,
  now: number,
): boolean {
  if (isBegun && !isFinished) return false
  return readAt === undefined || now - Date.parse(readAt) <= STATISTICS_MS
}

function isSame(one: TableLoad, other: TableLoad): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
