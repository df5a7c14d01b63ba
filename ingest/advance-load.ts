import { PipelineError } from '../core/failures.ts'
import { isOver, type Load, type LoadFile, loadPrefix, type TableLoad } from '../core/load.ts'
import type { LoadTask, TaskTable } from '../core/load-task.ts'
import type { Catalog, Clock, ObjectStore } from '../core/ports.ts'
import type { Position } from '../core/position.ts'
import { isInWindow, parseWindow } from '../core/quiet-window.ts'

/** What landing says of one file of a load. */
export interface FileResult {
  readonly file: LoadFile
  /** Why it was set aside whole. */
  readonly failure?: TableLoad['failure'] | undefined
}

export interface AdvanceLoadDeps {
  readonly task: LoadTask
  readonly objects: Pick<ObjectStore, 'list'>
  /** What was landed, or set aside, of a load. */
  readonly results: (load: string) => Promise<readonly FileResult[]>
  /** The place in the commit order that capture has reached. */
  readonly reached: () => Promise<Position>
  readonly catalog: Pick<Catalog, 'addFloor'>
  readonly save: (load: Load) => Promise<void>
  readonly now: Clock
}

/* From when the last row was read: landing, its retries, and DMS's statistics, which come late. */
const LANDING_MS = 30 * 60_000

/**
 * Takes a load that another one reads as far as it can go now, and saves each step before the next one: begun as of the
 * position that capture had reached before it, read, landed, audited, complete. A table becomes complete when every file of
 * it has landed and they have every row that was read; then its position is its floor. Calling it again from any step on
 * changes nothing twice.
 */
export async function advanceLoad(given: Load, deps: AdvanceLoadDeps): Promise<Load> {
  let load = given
  const keep = async (change: (table: TableLoad) => TableLoad) => {
    load = { ...load, tables: load.tables.map(change) }
    await deps.save(load)
  }
  if (load.tables.every(({ state }) => isOver(state))) return load
  const waiting = load.tables.filter(({ state }) => state === 'started')
  if (waiting.length > 0) {
    if (load.window !== null && !isInWindow(parseWindow(load.window), deps.now())) return load
    if (waiting.some(({ position }) => position === null)) {
      /* Before the reading: every later change outranks the rows, every earlier one is in them. */
      const position = await deps.reached()
      const startedAt = new Date(deps.now()).toISOString()
      await keep((table) => (table.state === 'started' ? { ...table, position, startedAt } : table))
    }
    const begun = load.tables.filter(({ state }) => !isOver(state))
    const since = Math.min(...begun.map(({ startedAt }) => Date.parse(startedAt ?? load.startedAt)))
    const names = begun.map(({ table }) => table)
    if ((await deps.task.begin(load.id, names, since)) === 'busy') return load
    await keep((table) => (table.state === 'started' ? { ...table, state: 'loading' } : table))
  }
  const [isReading, read, results] = [
    await deps.task.isReading(load.id),
    await deps.task.tables(),
    new Map((await deps.results(load.id)).map((result) => [result.file.key, result])),
  ]
  for (const { table: name } of load.tables.filter(({ state }) => !isOver(state))) {
    const table = load.tables.find((known) => known.table === name)
    if (table === undefined) continue
    const keys = await deps.objects.list(`${loadPrefix(load.id, name)}/`)
    const after = advanceTable(table, { isReading, read: read.get(name), keys, results, now: deps.now() })
    if (after.state === 'audited' && after.position !== null) {
      await keep((known) => (known.table === name ? after : known))
      await deps.catalog.addFloor(name, { position: after.position, reason: 'load' })
      const endedAt = new Date(deps.now()).toISOString()
      await keep((known) => (known.table === name ? { ...after, state: 'complete', endedAt } : known))
    } else if (after !== table) await keep((known) => (known.table === name ? after : known))
  }
  return load
}

interface Seen {
  readonly isReading: boolean
  readonly read: TaskTable | undefined
  readonly keys: readonly string[]
  readonly results: ReadonlyMap<string, FileResult>
  readonly now: number
}

function advanceTable(table: TableLoad, { isReading, read, keys, results, now }: Seen): TableLoad {
  const at = new Date(now).toISOString()
  const failed = (code: 'load/audit' | 'load/not-read', message: string): TableLoad => ({
    ...{ ...table, state: 'failed', endedAt: at },
    failure: { code, message: `${table.table}: ${message}` },
  })
  const aside = keys.flatMap((key) => results.get(key)?.failure ?? [])[0]
  if (aside !== undefined) return { ...table, state: 'failed', failure: aside, endedAt: at }
  /* While it reads, what it says of a table may still be of the load before. */
  const isRead = table.isRead || (!isReading && read?.state === 'read')
  if (!isRead && !isReading)
    return failed(
      'load/not-read',
      read?.state === 'failed' ? 'DMS could not read it' : 'DMS ended before it was read',
    )
  const files = keys.map((key): LoadFile => results.get(key)?.file ?? arrived(key))
  const landed = sum(files.map(({ rows }) => rows))
  const seen: TableLoad = {
    ...{ ...table, files, isRead, bytes: sum(files.map(({ bytes }) => bytes)) },
    rows: read?.rows ?? table.rows,
    ...(isRead ? { readAt: table.readAt ?? at } : {}),
  }
  if (!isRead) return isSame(table, seen) ? table : seen
  const unequal = files.find(({ rows, ...file }) =>
    Object.keys(file.landed).some((name) => (file.landed[name] ?? 0) + (file.refused[name] ?? 0) !== rows),
  )
  if (unequal !== undefined)
    return failed('load/audit', `${unequal.key}: its rows are not those in history and quarantine`)
  /* DMS may write a row twice while it changes, never less than it counts. */
  const isWhole = files.every(({ state }) => state === 'landed') && landed >= seen.rows
  if (isWhole) return { ...seen, state: 'audited' }
  if (now - Date.parse(seen.readAt ?? at) > LANDING_MS)
    return failed('load/audit', `${seen.rows} rows were read, ${landed} have landed`)
  return isSame(table, seen) ? table : seen
}

function arrived(key: string): LoadFile {
  return { key, rows: 0, bytes: 0, state: 'arrived', landed: {}, refused: {}, history: [] }
}

function isSame(one: TableLoad, other: TableLoad): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A new load of source tables. Throws `load/busy` when a load that is not over has one of them. */
export function newLoad(
  {
    id,
    tables,
    window,
  }: { readonly id: string; readonly tables: readonly string[]; readonly window: string | null },
  others: readonly Load[],
  now: number,
): Load {
  if (window !== null) parseWindow(window)
  for (const name of tables) {
    const busy = others.find((load) =>
      load.tables.some(({ table, state }) => table === name && !isOver(state)),
    )
    if (busy !== undefined) throw new PipelineError('load/busy', `${name} is in load ${busy.id}`)
  }
  return {
    ...{ id, window, startedAt: new Date(now).toISOString() },
    tables: tables.map((table) => ({
      ...{ table, state: 'started' as const, oid: 0, position: null, estimatedRows: null },
      ...{ rows: 0, bytes: 0, isRead: false, files: [], failure: null, startedAt: null, endedAt: null },
    })),
  }
}
