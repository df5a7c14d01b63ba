import { PipelineError } from '../../core/failures/failures.ts'
import type { Load, LoadFile, TableLoad } from '../../core/load/load.ts'
import type { TaskLook, TaskTable } from '../../core/load/load-task.ts'
import { arrivedFile, bytesOf, missingRows, rowsOf } from './audit-table.ts'
import {
  audited,
  auditFailure,
  counted,
  ended,
  failed,
  filesHere,
  filesLanded,
  landedWhole,
  readWhole,
} from './table-steps.ts'

/** What landing says of one file of a load. */
export interface FileResult {
  readonly file: LoadFile
  /** Why it was set aside whole. */
  readonly failure?: TableLoad['failure'] | undefined
}

export interface TableSeen {
  /** Undefined when the task was not looked at. */
  readonly run: TaskRun | undefined
  readonly read: TaskTable | undefined
  /** Files in the landing prefix. */
  readonly keys: readonly string[]
  readonly results: readonly FileResult[]
  readonly now: number
}

export type TaskRun = ReturnType<typeof runOf>

/** How the run of a task for a load stands. */
export function runOf({ id, runBefore = null }: Load, { load, run, isBusy, isFinished, reason }: TaskLook) {
  const isOurs = load === id
  const isBegun = isOurs && run !== runBefore
  return { isBegun, isReading: isOurs && isBusy, isFinished: isOurs && isFinished, began: run, reason }
}

/* From when the last row was read: landing and its retries, by the rows that did not land. */
const LANDING_MS = 30 * 60_000
/* From the end of the task: its statistics, which come late. */
const STATISTICS_MS = 10 * 60_000

/**
 * A table that is being read or landed, as it is now that this was seen; the same object when nothing is new. `audited`
 * once every file has landed and they have every row that was read.
 */
export function advanceTable(table: TableLoad, seen: TableSeen): TableLoad {
  try {
    return afterLook(table, seen)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return failed(table, error, seen.now)
  }
}

function afterLook(given: TableLoad, seen: TableSeen): TableLoad {
  const { keys, results, now } = seen
  if (given.state === 'audited') return given
  /* It is gone from the prefix by now. */
  const [aside] = results.flatMap(({ failure }) => failure ?? [])
  if (aside !== undefined) return failed(given, aside, now)
  const here = filesHere(
    given,
    keys.map((key) => arrivedFile(key)),
  )
  const known = new Set(here.files.map(({ key }) => key))
  const landings = results.flatMap(({ file }) => (known.has(file.key) ? file : []))
  const table = afterRead(filesLanded(here, landings), seen)
  if (!table.isRead) return table
  const missing = missingRows(table)
  if (missing === undefined) return audited(landedWhole(table), { kind: 'at-least' })
  if (isWithin(LANDING_MS, table, now)) return table
  throw auditFailure(table, missing)
}

function afterRead(table: TableLoad, { run, read, now }: TableSeen): TableLoad {
  if (table.isRead || run === undefined) return table
  if (read?.state === 'read' && isOfRun(run, read)) return readWhole(table, read.rows, now)
  /* For progress: nothing depends on it. */
  const soFar = run.isReading && read?.readAt === null ? read.rows : 0
  const rows = Math.max(rowsOf(table.files), soFar)
  const reading = counted(table, { rows, bytes: bytesOf(table.files) })
  if (run.isReading) return reading
  if (read?.state === 'failed') throw notRead(table, `DMS could not read it; ${run.reason}`)
  /* Its statistics, or the task itself, may still say that it was read. */
  const waiting = ended(reading, now)
  if ((!run.isBegun || run.isFinished) && isWithin(STATISTICS_MS, waiting, now)) return waiting
  throw notRead(table, `DMS ended before it was read; ${run.reason}`)
}

/*
 * Whether what the task says of the table is of this run. Statistics of the run before stay for a while: an empty table of
 * then would be complete at once, and its floor would hide every row.
 */
function isOfRun({ isBegun, isReading, isFinished, began }: TaskRun, { readAt }: TaskTable): boolean {
  /* Both by the task's clock. */
  const isNew = readAt === null || began === null ? !isReading && isFinished : readAt >= began
  return isBegun && isNew
}

function isWithin(milliseconds: number, { readAt }: TableLoad, now: number): boolean {
  return readAt === undefined || now - Date.parse(readAt) <= milliseconds
}

function notRead({ table }: TableLoad, message: string): PipelineError {
  return new PipelineError('load/not-read', `${table}: ${message}`)
}
