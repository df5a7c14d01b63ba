import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../core/ports/ports.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { storedLoads, storedRun } from '../state/state-file.ts'
import { runStatus } from './status/run-status.ts'
import { tableStatuses } from './status/table-status.ts'

const NOTHING = { captured: 0, formatted: 0, landed: 0 }

/**
 * Brings the status of a folder whose source nobody reads up to date: what was done to it since the run ended, or all of it
 * where the file is lost. Of the source it says what the run said last. Nothing is written where nothing differs.
 */
export async function renewStatus(pipeline: Pipeline, now: Clock): Promise<void> {
  const { folder } = pipeline
  const data = await storedRun(folder)
  if (data === undefined) return
  const before = await readJsonFile(folder.status, runStatus)
  const loads = await storedLoads(folder)
  const statusOf = tableStatuses({ pipeline, state: { data }, loads: { loads: () => loads } })
  const ended = new Set(before?.tables.flatMap(({ table, state }) => (state === 'ended' ? [table] : [])))
  const tables = pipeline.tables.map((contract) => {
    const status = statusOf(contract)
    return ended.has(status.table) ? { ...status, state: 'ended' as const } : status
  })
  const { pages, landedPages } = pipeline.counts()
  const landedLsn = String(pipeline.watermark.lsn)
  const fresh = runStatus.parse({
    format: 1,
    at: new Date(now()).toISOString(),
    pid: process.pid,
    address: data.source.address,
    capturedLsn: landedLsn,
    rates: NOTHING,
    freshnessMs: { p50: null, p99: null },
    memoryMb: 0,
    leftOut: [],
    loading: [],
    link: null,
    ended: null,
    ...before,
    landedLsn,
    pagesBehind: pages - landedPages,
    quarantineSince: pipeline.quarantine.oldest() ?? null,
    quarantineNameless: pipeline.quarantine.countByTable().get('') ?? 0,
    quarantineCauses: Object.fromEntries(pipeline.quarantine.countByCause()),
    tables,
    balanced: tables.every(({ balance }) => balance?.balanced !== false),
    bookkeeping: pipeline.ledger.bookkeeping,
  })
  if (isDeepStrictEqual(fresh, before)) return
  /* How long ago a run broke off counts from its own last word. */
  const hasBrokenOff = before !== undefined && before.link !== null && before.ended === null
  await writeJsonFile(folder.status, hasBrokenOff ? fresh : { ...fresh, at: new Date(now()).toISOString() })
}
