import { randomBytes } from 'node:crypto'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type Load, type TableLoad } from '../../core/load/load.ts'
import { parseWindow } from '../../core/load/quiet-window.ts'
import { cancelled, waiting } from './table-steps.ts'

export interface NewLoad {
  readonly id: string
  /** Source tables. */
  readonly tables: readonly string[]
  /** Local times between which reading may begin, or null. */
  readonly window: string | null
  /** Rows that are expected, for progress. */
  readonly estimates?: Estimates
}

/** Rows of source tables, where something tells. */
export type Estimates = ReadonlyMap<string, number>

/** A table of which a load is asked for. */
export interface PlannedTable {
  readonly table: string
  readonly estimatedRows: number | null
}

/** In the order in which a load would read them. */
export function plannedTables(names: readonly string[], estimates: Estimates): readonly PlannedTable[] {
  return smallestFirst(names, estimates).map((table) => ({
    table,
    estimatedRows: estimates.get(table) ?? null,
  }))
}

/** A new load of source tables, the small ones first: most tables are queryable soon. Throws `load/busy` when a load that is not over has one of them, and `usage/invalid`. */
export function newLoad(
  { id, tables, window, estimates = new Map() }: NewLoad,
  others: readonly Load[],
  now: number,
): Load {
  if (window !== null) parseWindow(window)
  for (const name of tables) checkFree(name, others)
  return {
    id,
    window,
    startedAt: new Date(now).toISOString(),
    tables: smallestFirst(tables, estimates).map((table) => waiting(table, estimates.get(table) ?? null)),
  }
}

/* What nobody has counted may be of any size. */
function smallestFirst(tables: readonly string[], estimates: Estimates): readonly string[] {
  const size = (table: string) => estimates.get(table) ?? Number.POSITIVE_INFINITY
  return tables.toSorted((one, other) => (size(one) < size(other) ? -1 : Number(size(one) > size(other))))
}

/** A new id each time; also the name of a folder. */
export function newLoadId(now: number): string {
  const time = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}

/** Throws `load/busy` when a load that is not over has the table. */
export function checkFree(name: string, loads: readonly Load[]): void {
  const busy = loads.find((load) => load.tables.some(({ table, state }) => table === name && !isOver(state)))
  if (busy !== undefined) throw new PipelineError('load/busy', `${name} is in load ${busy.id}`)
}

/** Throws `load/not-found`. */
export function loadOf(id: string, loads: readonly Load[]): Load {
  const load = loads.find((one) => one.id === id)
  if (load === undefined) throw new PipelineError('load/not-found', `no load ${id}`)
  return load
}

/** The tables that a load left undone. */
export function leftTables({ tables }: Load): readonly TableLoad[] {
  return tables.filter(({ state }) => state === 'failed' || state === 'cancelled')
}

/** The load with every table that is not over cancelled. */
export function cancelledLoad(load: Load, now: number): Load {
  return { ...load, tables: load.tables.map((one) => (isOver(one.state) ? one : cancelled(one, now))) }
}
