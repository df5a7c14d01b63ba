import type { RunStatus } from '../local/run/run-status.ts'
import { alignedTable, count, type Output, paint } from './output.ts'

/** The status of a run for people: one line for each table, one for the stages. */
export function statusTable(status: RunStatus, output: Output): string {
  const { rates, pagesBehind, freshnessMs, memoryMb, tables } = status
  const rows = tables.map(({ table, state, loadedRows, changes, quarantined }) => [
    table,
    state === 'streaming' ? paint(output, 'green', state) : paint(output, 'cyan', state),
    count(loadedRows),
    count(changes),
    quarantined > 0 ? paint(output, 'yellow', count(quarantined)) : '0',
  ])
  const behind = pagesBehind === 0 ? 'lake is current' : `${count(pagesBehind)} pages behind`
  const freshness =
    freshnessMs.p50 === null
      ? ''
      : `, fresh after ${count(freshnessMs.p50)} ms (p99 ${count(freshnessMs.p99 ?? 0)} ms)`
  const drift = tables.flatMap(({ table, unknownFields, definitions }) => [
    ...(unknownFields.length > 0
      ? [
          `${paint(output, 'yellow', 'drift')} ${table}: the source has ${unknownFields.join(', ')}, no contract does; the values are in _extra`,
        ]
      : []),
    ...(definitions.length > 0
      ? [
          `${paint(output, 'yellow', 'drift')} ${table}: ${[...new Set(definitions)].join(', ')} at the source`,
        ]
      : []),
  ])
  const waiting =
    status.quarantineSince === null
      ? []
      : [`quarantine since ${status.quarantineSince.slice(0, 19)}: tidemark quarantine list`]
  return [
    alignedTable(['table', 'state', 'loaded', 'changes', 'quarantine'], rows),
    `captured ${count(rates.captured)}/s → formatted ${count(rates.formatted)}/s → landed ${count(rates.landed)}/s; ${behind}${freshness}; ${count(memoryMb)} MB`,
    ...waiting,
    ...drift,
  ].join('\n')
}
