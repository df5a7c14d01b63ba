import { bytesText, count, plural } from '../../core/amount-text.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'
import { isOver, loadState } from '../../core/load/load.ts'
import type { SourceActivity } from '../../core/operations/answers.ts'
import { alignedTable, type Output, paint } from '../terminal/output.ts'

const BAR = 16

/** A load for people: one line for each table with its progress, and what to do where it failed. */
export function loadText(load: Load, output: Output, now: number): string {
  const rows = load.tables.map((table) => [
    table.table,
    colouredState(table, output),
    bar(shareOf(table)),
    count(table.rows),
    rate(table, now),
    bytesText(table.bytes),
    remaining(table, now),
  ])
  const failures = load.tables.flatMap(({ table, failure }) =>
    failure === null ? [] : [`${paint(output, 'red', failure.code)} ${table}: ${failure.message}`],
  )
  const next = failures.length > 0 ? [`go on with: tidemark load resume ${load.id}`] : []
  const window = load.window === null ? '' : `, reads between ${load.window}`
  return [
    `load ${load.id}: ${loadState(load)}, started ${load.startedAt.slice(0, 19)}${window}`,
    alignedTable(['table', 'state', '', 'rows', 'rows/s', 'bytes', 'left'], rows),
    ...failures,
    ...next,
  ].join('\n')
}

/** A load in one line, for logs. */
export function loadLine(load: Load, now: number): string {
  const active = load.tables.find(({ state }) => !isOver(state) && state !== 'started')
  const done = load.tables.filter(({ state }) => state === 'complete').length
  const at =
    active === undefined
      ? ''
      : ` · ${active.table} ${active.state} ${plural(active.rows, 'row')} ${rate(active, now)}/s`
  return `load ${load.id} ${loadState(load)} · ${done} of ${plural(load.tables.length, 'table')} complete${at}`
}

/* Of the source's estimate, which may be too low: only a table that was read whole is full. */
function shareOf({ state, rows, isRead, estimatedRows }: TableLoad): number {
  if (state === 'complete' || isRead) return 1
  if (estimatedRows === null || estimatedRows === 0) return 0
  return Math.min(rows / estimatedRows, 0.99)
}

function bar(share: number): string {
  const full = Math.round(share * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(Math.floor(share * 100)).padStart(3)}%`
}

function seconds({ startedAt, endedAt }: TableLoad, now: number): number {
  if (startedAt === null) return 0
  return Math.max((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt), 1) / 1_000
}

function rate(table: TableLoad, now: number): string {
  return table.startedAt === null ? '-' : count(Math.round(table.rows / seconds(table, now)))
}

function remaining(table: TableLoad, now: number): string {
  const { state, estimatedRows, rows, isRead } = table
  if (state !== 'loading' || isRead || estimatedRows === null || rows === 0) return '-'
  const left = Math.max(estimatedRows - rows, 0) / (rows / seconds(table, now))
  return left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`
}

function colouredState({ state }: TableLoad, output: Output): string {
  if (state === 'complete') return paint(output, 'green', state)
  return state === 'failed' ? paint(output, 'red', state) : paint(output, 'cyan', state)
}

/** How busy a source is. */
export function activityText(activity: SourceActivity): string {
  const { activeBackends, longestTransactionSeconds, slotLagBytes, retainedWalBytes } = activity
  return [
    `source: ${count(activeBackends)} active backends, oldest transaction ${count(Math.round(longestTransactionSeconds))} s`,
    `slot ${bytesText(slotLagBytes)} behind, ${bytesText(retainedWalBytes)} of WAL kept`,
  ].join(', ')
}

/** What a load would read. */
export function planText(
  plan: readonly { readonly table: string; readonly estimatedRows: number | null }[],
): string {
  const rows = plan.map(({ table, estimatedRows }) => [
    table,
    estimatedRows === null ? 'unknown' : count(estimatedRows),
  ])
  return alignedTable(['would be read', 'about rows'], rows)
}
