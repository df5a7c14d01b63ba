import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type LoadFile, type LoadState, type TableLoad } from '../../core/load/load.ts'
import type { Position } from '../../core/position.ts'
import { auditFault, bytesOf, type Count } from './audit-table.ts'

/*
 * Every step in the life of a table that is loaded (`loadStates`), whoever reads it and in whichever order the news of it come.
 * A step that is behind changes nothing and gives the same object; one that does not follow throws RangeError.
 */

/** What landing says of a file. */
export type FileLanding = Pick<LoadFile, 'key' | 'rows' | 'landed' | 'refused' | 'history'> &
  Partial<Pick<LoadFile, 'bytes'>>

const loading: readonly LoadState[] = ['loading', 'landed', 'audited', 'complete']
const landedOn: readonly LoadState[] = ['landed', 'audited', 'complete']

const unread: Omit<TableLoad, 'table' | 'oid' | 'position' | 'estimatedRows'> = {
  ...{ state: 'started', rows: 0, bytes: 0, isRead: false, readAt: undefined, files: [] },
  ...{ failure: null, startedAt: null, endedAt: null },
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
  if (isOver(table.state)) throw refused(table, 'place')
  return { ...table, ...unread, position, oid, startedAt: timeOf(now) }
}

/** Whoever reads it has begun, after the place was fixed. */
export function begun(table: TableLoad): TableLoad {
  if (loading.includes(table.state)) return table
  if (table.state !== 'started' || table.startedAt === null) throw refused(table, 'begin')
  return { ...table, state: 'loading' }
}

/** How far the reading is, for progress. */
export function counted(table: TableLoad, { rows, bytes }: Pick<TableLoad, 'rows' | 'bytes'>): TableLoad {
  const isKnown = isReadOrReading(table, 'count') || (table.rows === rows && table.bytes === bytes)
  return isKnown ? table : { ...table, rows, bytes }
}

/** The files that are in the landing prefix; one that has landed stays one of the table wherever it is. */
export function filesHere(table: TableLoad, files: readonly LoadFile[]): TableLoad {
  const known = new Map(table.files.map((file) => [file.key, file]))
  const here = new Set(files.map(({ key }) => key))
  const fresh = files.filter(({ key }) => !known.has(key))
  const kept = table.files.filter(({ key, state }) => state === 'landed' || here.has(key))
  if (!loading.includes(table.state) || (table.state !== 'loading' && fresh.length > 0))
    throw refused(table, 'take files')
  if (fresh.length === 0 && kept.length === known.size) return table
  return withFiles(
    table,
    [...kept, ...fresh].toSorted((one, other) => (one.key < other.key ? -1 : 1)),
  )
}

/** Files that arrived are history now; what their first landing says counts. */
export function filesLanded(table: TableLoad, landings: readonly FileLanding[]): TableLoad {
  const states = new Map(table.files.map(({ key, state }) => [key, state]))
  if (!loading.includes(table.state) || landings.some(({ key }) => !states.has(key)))
    throw refused(table, 'land files')
  const fresh = new Map(
    landings.flatMap((one) => (states.get(one.key) === 'arrived' ? [[one.key, one]] : [])),
  )
  if (fresh.size === 0) return table
  return withFiles(
    table,
    table.files.map((file) => {
      const landing = fresh.get(file.key)
      return landing === undefined ? file : { ...file, ...landing, state: 'landed' }
    }),
  )
}

/** Whoever reads it has ended; what it read may be told later. */
export function ended(table: TableLoad, now: number): TableLoad {
  if (isReadOrReading(table, 'end') || table.readAt !== undefined) return table
  return { ...table, readAt: timeOf(now) }
}

/** Its last row was read, and so many in all. */
export function readWhole(table: TableLoad, rows: number, now: number): TableLoad {
  if (isReadOrReading(table, 'be read')) return table
  return { ...table, isRead: true, rows, bytes: bytesOf(table.files), readAt: timeOf(now) }
}

/** Every file of what was read is history. */
export function landedWhole(table: TableLoad): TableLoad {
  if (landedOn.includes(table.state)) return table
  const isWhole = table.isRead && table.files.every(({ state }) => state === 'landed')
  if (table.state !== 'loading' || !isWhole) throw refused(table, 'have landed')
  return { ...table, state: 'landed' }
}

/** The counts agree. Throws `load/audit` when they do not. */
export function audited(table: TableLoad, count: Count): TableLoad {
  if (table.state === 'audited' || table.state === 'complete') return table
  if (table.state !== 'landed') throw refused(table, 'be audited')
  const fault = auditFault(table, count)
  if (fault !== undefined) throw auditFailure(table, fault)
  return { ...table, state: 'audited' }
}

/** What ends a table whose counts do not agree. */
export function auditFailure({ table }: TableLoad, fault: string, cause?: unknown): PipelineError {
  return new PipelineError('load/audit', `${table}: ${fault}`, { cause })
}

/** Its position is its floor. */
export function completed(table: TableLoad, now: number): TableLoad {
  if (table.state === 'complete') return table
  if (table.state !== 'audited') throw refused(table, 'be complete')
  return { ...table, state: 'complete', endedAt: timeOf(now) }
}

/** It ends by its first failure: that of its reading, of a file that was set aside, of its audit. */
export function failed(
  table: TableLoad,
  { code, message }: NonNullable<TableLoad['failure']>,
  now: number,
): TableLoad {
  if (table.state === 'failed') return table
  if (isOver(table.state)) throw refused(table, 'fail')
  return { ...table, state: 'failed', failure: { code, message }, endedAt: timeOf(now) }
}

/** It ends where it is; rows that landed stay, for they were true, and no floor is set. */
export function cancelled(table: TableLoad, now: number): TableLoad {
  if (table.state === 'cancelled') return table
  if (isOver(table.state)) throw refused(table, 'be cancelled')
  return { ...table, state: 'cancelled', endedAt: timeOf(now) }
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

/* Whether the last row was read already. */
function isReadOrReading(table: TableLoad, step: string): boolean {
  if (!loading.includes(table.state)) throw refused(table, step)
  return table.isRead
}

function withFiles(table: TableLoad, files: readonly LoadFile[]): TableLoad {
  return { ...table, files, bytes: table.isRead ? bytesOf(files) : table.bytes }
}

function refused({ table, state }: TableLoad, step: string): RangeError {
  return new RangeError(`${table} is ${state} and cannot ${step}`)
}

function timeOf(now: number): string {
  return new Date(now).toISOString()
}
