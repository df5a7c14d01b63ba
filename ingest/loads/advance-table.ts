import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadFile, TableLoad } from '../../core/load/load.ts'
import type { TaskTable } from '../../core/load/load-task.ts'
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
export function advanceTable(table: TableLoad, seen: TableSeen): TableLoad {
  try {
    return afterLook(table, seen)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return failed(table, error, seen.now)
  }
}

function afterLook(given: TableLoad, { run, read, keys, results, now }: TableSeen): TableLoad {
  if (given.state === 'audited') return given
  /* It is gone from the prefix by now. */
  const [aside] = [...results.values()].flatMap(({ failure }) => failure ?? [])
  if (aside !== undefined) return failed(given, aside, now)
  const here = filesHere(
    given,
    keys.map((key) => arrivedFile(key)),
  )
  const landings = here.files.flatMap(({ key }) => results.get(key)?.file ?? [])
  const table = afterRead(filesLanded(here, landings), run, read, now)
  if (!table.isRead) return table
  const missing = missingRows(table)
  if (missing === undefined) return audited(landedWhole(table), { kind: 'at-least' })
  if (isWithin(LANDING_MS, table, now)) return table
  throw auditFailure(table, missing)
}

function afterRead(
  table: TableLoad,
  run: TableSeen['run'],
  read: TaskTable | undefined,
  now: number,
): TableLoad {
  if (table.isRead || run === undefined) return table
  if (read?.state === 'read' && isOfRun(run, read)) return readWhole(table, read.rows, now)
  const rows = Math.max(rowsOf(table.files), soFar(run, read))
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
function isOfRun(
  { isBegun, isReading, isFinished, began }: NonNullable<TableSeen['run']>,
  read: TaskTable,
): boolean {
  if (!isBegun) return false
  if (read.readAt !== null && began !== null) return read.readAt >= began
  return !isReading && isFinished
}

/* For progress: nothing depends on it. */
function soFar({ isReading }: NonNullable<TableSeen['run']>, read: TaskTable | undefined): number {
  return isReading && read?.readAt === null ? read.rows : 0
}

function isWithin(milliseconds: number, { readAt }: TableLoad, now: number): boolean {
  return readAt === undefined || now - Date.parse(readAt) <= milliseconds
}

function notRead({ table }: TableLoad, message: string): PipelineError {
  return new PipelineError('load/not-read', `${table}: ${message}`)
}
