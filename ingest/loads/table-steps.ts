import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type LoadFile, type LoadState, type TableLoad } from '../../core/load/load.ts'
import type { Position } from '../../core/position.ts'
import { auditFault, bytesOf, type Count } from './audit-table.ts'

/*
 * Every step in the life of a table that is loaded (`loadStates`), whoever reads it and in whichever order news of it come. A
 * step that is behind gives the same object; one that does not follow throws RangeError.
 */

type Step = Partial<TableLoad>

/** What landing says of a file. */
export type FileLanding = Pick<LoadFile, 'key' | 'rows' | 'landed' | 'refused' | 'history'> &
  Partial<LoadFile>

const way: readonly LoadState[] = ['started', 'loading', 'landed', 'audited', 'complete']
const unread = {
  state: 'started' as const,
  rows: 0,
  bytes: 0,
  isRead: false,
  readAt: undefined,
  files: [],
  failure: null,
  startedAt: null,
  endedAt: null,
}

/** A table of a new load: it waits its turn. */
export function waiting(table: string, estimatedRows: number | null): TableLoad {
  return { ...unread, table, oid: 0, position: null, estimatedRows }
}

/** Where the rows rank of a reading that begins now, the first or another one: nothing of one before it counts. */
export function placed(
  table: TableLoad,
  { position, oid = 0, now }: { readonly position: Position; readonly oid?: number; readonly now: number },
): TableLoad {
  if (isOver(table.state)) throw refused(table, 'be placed')
  return { ...table, ...unread, position, oid, startedAt: timeOf(now) }
}

/** Whoever reads it has begun, after the place was fixed. */
export function begun(table: TableLoad): TableLoad {
  return onto('loading', table, table.state === 'started' && table.startedAt !== null)
}

/** How far the reading is, for progress. */
export function counted(table: TableLoad, { rows, bytes }: Pick<TableLoad, 'rows' | 'bytes'>): TableLoad {
  return whileRead(table, table.rows === rows && table.bytes === bytes ? undefined : { rows, bytes })
}

/** Whoever reads it has ended; what it read may be told later. */
export function ended(table: TableLoad, now: number): TableLoad {
  return whileRead(table, table.readAt === undefined ? { readAt: timeOf(now) } : undefined)
}

/** Its last row was read, and so many in all. */
export function readWhole(table: TableLoad, rows: number, now: number): TableLoad {
  return whileRead(table, { isRead: true, rows, bytes: bytesOf(table.files), readAt: timeOf(now) })
}

/** A file is in the landing prefix. */
export function fileArrived(table: TableLoad, file: LoadFile): TableLoad {
  const { files } = table
  /* They are in the order of their keys. */
  const before = files.findLastIndex(({ key }) => key <= file.key)
  return withFiles(table, files[before]?.key === file.key ? files : files.toSpliced(before + 1, 0, file))
}

/** The landing prefix has these files; one that has landed stays one of the table wherever it is. */
export function filesHere(table: TableLoad, files: readonly LoadFile[]): TableLoad {
  const known = new Set(table.files.map(({ key }) => key))
  const here = new Set(files.map(({ key }) => key))
  const kept = table.files.filter(({ key, state }) => state === 'landed' || here.has(key))
  const rest = withFiles(table, kept.length === known.size ? table.files : kept)
  return files.filter(({ key }) => !known.has(key)).reduce(fileArrived, rest)
}

/** Files that arrived are history now; what their first landing says counts. */
export function filesLanded(table: TableLoad, landings: readonly FileLanding[]): TableLoad {
  const told = new Map(landings.map((one) => [one.key, one]))
  const known = table.files.filter(({ key }) => told.has(key))
  if (known.length < told.size) throw refused(table, 'land a file that is not there')
  if (known.every(({ state }) => state === 'landed')) return withFiles(table, table.files)
  const files = table.files.map((file): LoadFile => {
    const landing = file.state === 'arrived' ? told.get(file.key) : undefined
    return landing === undefined ? file : { ...file, ...landing, state: 'landed' }
  })
  return withFiles(table, files)
}

/** Every file of what was read is history. */
export function landedWhole(table: TableLoad): TableLoad {
  const isWhole = table.isRead && table.files.every(({ state }) => state === 'landed')
  return onto('landed', table, table.state === 'loading' && isWhole)
}

/** The counts agree. Throws `load/audit` when they do not. */
export function audited(table: TableLoad, count: Count): TableLoad {
  const fault = table.state === 'landed' ? auditFault(table, count) : undefined
  if (fault !== undefined) throw auditFailure(table, fault)
  return onto('audited', table, table.state === 'landed')
}

/** What ends a table whose counts do not agree. */
export function auditFailure({ table }: TableLoad, fault: string, cause?: unknown): PipelineError {
  return new PipelineError('load/audit', `${table}: ${fault}`, { cause })
}

/** Its position is its floor. */
export function completed(table: TableLoad, now: number): TableLoad {
  return onto('complete', table, table.state === 'audited', { endedAt: timeOf(now) })
}

/** It ends by its first failure: that of its reading, of a file that was set aside, of its audit. */
export function failed(
  table: TableLoad,
  { code, message }: NonNullable<TableLoad['failure']>,
  now: number,
): TableLoad {
  return onto('failed', table, !isOver(table.state), { failure: { code, message }, endedAt: timeOf(now) })
}

/** It ends where it is; rows that landed stay, for they were true, and no floor is set. */
export function cancelled(table: TableLoad, now: number): TableLoad {
  return onto('cancelled', table, !isOver(table.state), { endedAt: timeOf(now) })
}

/**
 * It waits its turn again, to be read again: after a failure its files are not to be trusted, and since it was cancelled a
 * newer load may have taken them away, or its position may be before the newest floor.
 */
export function reopened(table: TableLoad): TableLoad {
  if (table.state === 'started') return table
  if (table.state !== 'failed' && table.state !== 'cancelled') throw refused(table, 'be opened again')
  return { ...table, ...unread }
}

function onto(state: LoadState, table: TableLoad, isNext: boolean, change?: Step): TableLoad {
  if (isNext) return { ...table, ...change, state }
  const isBehind = way.includes(state) && way.indexOf(table.state) > way.indexOf(state)
  if (isBehind || table.state === state) return table
  throw refused(table, `be ${state}`)
}

/* What is told of the reading once the last row was read is old. */
function whileRead(table: TableLoad, change: Step | undefined): TableLoad {
  if (!isUnderWay(table)) throw refused(table, 'be read')
  return table.isRead || change === undefined ? table : { ...table, ...change }
}

function withFiles(table: TableLoad, files: readonly LoadFile[]): TableLoad {
  const isSame = files === table.files && isUnderWay(table)
  if (!isSame && table.state !== 'loading') throw refused(table, 'take files')
  return isSame ? table : { ...table, files, bytes: table.isRead ? bytesOf(files) : table.bytes }
}

function isUnderWay({ state }: TableLoad): boolean {
  return way.indexOf(state) > 0
}

function refused({ table, state }: TableLoad, step: string): RangeError {
  return new RangeError(`${table} is ${state} and cannot ${step}`)
}

function timeOf(now: number): string {
  return new Date(now).toISOString()
}
