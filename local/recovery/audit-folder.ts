import { relative, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerRecords } from '../../core/audit/ledger-audit.ts'
import {
  badKey,
  badState,
  damagedEntry,
  damagedPage,
  type LedgerFinding,
} from '../../core/audit/ledger-finding.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { PageName } from '../../core/page.ts'
import { isBelowFloors } from '../../core/ports/catalog-entry.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import { type AuditDeps, auditLedger, type FolderFindings } from '../ledger/audit-ledger.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { CHECKPOINT } from '../ledger/live-items.ts'
import { parquetRows } from '../ledger/parquet-rows.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { readState } from '../state/state-file.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { keyFault } from '../stores/folder-mask-keys.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { FolderRawStore } from '../stores/folder-raw-store.ts'
import { auditLoadFiles } from './audit-load-files.ts'
import { type Damage, examineFolder, STATE_FILE } from './examine-folder.ts'
import { remedyText } from './remedies.ts'

/* Longer than a round of landing. */
const PAUSE_MS = 400
const LOOKS = 3

/**
 * Audits the ledger of a folder without writing to it, also beside the process that runs there. What a running stage had
 * in its hands at one look is not there at the next: only what every look finds is a finding.
 */
export async function auditFolder(folder: RunFolder, pauseMs = PAUSE_MS): Promise<FolderFindings> {
  const damages = await examineFolder(folder)
  const broken = [
    ...damages.map(({ name, state }) => badState(name, state, remedyText(name))),
    ...(await foundKey(folder, damages)),
  ]
  /* Without a ledger or a catalog to hold against the rest there is nothing more to say. */
  if (damages.some(({ name }) => /^state\.db(?:$|\/catalog$|\/ledger$|\/replays\/)/.test(name)))
    return { findings: broken, more: 0 }
  /* A load that nobody can read of is named already. */
  const hasLoads = !damages.some(({ name }) => name.startsWith('state.db/loads/'))
  try {
    const { findings, more } = await auditWhole(folder, { pauseMs, hasLoads })
    return { findings: [...broken, ...findings], more }
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'raw/corrupt') throw error
    /* The index of pages cannot be read past them: what they are comes first. */
    return { findings: [...broken, ...(await damagedPages(folder))], more: 0 }
  }
}

async function damagedPages(folder: RunFolder): Promise<readonly LedgerFinding[]> {
  return readState(folder, async (state) => {
    const entries = await state.catalog.entries()
    const found: LedgerFinding[] = []
    const raw = await FolderRawStore.in(state)
    const checkpoint = Number(state.ledger.peek(CHECKPOINT)?.['pages'] ?? 0)
    for await (const page of raw.damaged()) {
      const isPassed = (raw.offsetOf(page.key) ?? 0) <= checkpoint
      found.push(
        damagedPage(page, { file: STATE_FILE, isOutranked: isPassed && isBelowFloors(entries, page) }),
      )
    }
    return found
  })
}

/* A key file that is gone is among the damages, and a check value that is damaged says nothing of the key. */
async function foundKey(folder: RunFolder, damages: readonly Damage[]): Promise<readonly LedgerFinding[]> {
  const name = relative(folder.root, folder.maskKey).replaceAll(sep, '/')
  const check = relative(folder.root, folder.maskCheck)
  if (damages.some((one) => one.name === check)) return []
  const fault = await keyFault({ key: folder.maskKey, check: folder.maskCheck })
  return fault === undefined ? [] : [badKey(name, fault, remedyText(name))]
}

interface Looks {
  readonly pauseMs: number
  readonly hasLoads: boolean
}

async function auditWhole(folder: RunFolder, { pauseMs, hasLoads }: Looks): Promise<FolderFindings> {
  const engine = await DuckEngine.open({ temporary: folder.scratch })
  try {
    let found = await look(folder, engine, hasLoads)
    for (let again = 1; again < LOOKS && found.findings.length > 0; again += 1) {
      await sleep(pauseMs)
      const { findings, more } = await look(folder, engine, hasLoads)
      const still = new Set(findings.map(idOf))
      found = { findings: found.findings.filter((finding) => still.has(idOf(finding))), more }
    }
    return found
  } finally {
    engine.close()
  }
}

/* In this order: what a later store has, an earlier one may not have had yet, never the other way round. */
function look(folder: RunFolder, engine: DuckEngine, hasLoads: boolean): Promise<FolderFindings> {
  const objects = new FolderObjects(folder.root)
  return readState(folder, async (state) => {
    const loads = hasLoads ? await new LoadDocuments(state.documents).all() : []
    const raw = await FolderRawStore.in(state)
    const ledger = await FolderLedger.open({ items: state.ledger, raw })
    const ahead = new Set<string>()
    for await (const { page } of raw.headers(ledger.checkpoint)) ahead.add(page.key)
    const quarantine = await FolderQuarantine.in(state, Date.now)
    const replays = await new ReplayDocuments(state.documents).all()
    const entries = await state.catalog.entries()
    const lost = new Map<string, PageName>()
    const rowsOf: AuditDeps['rowsOf'] = (keys) =>
      parquetRows(keys, { engine, pathOf: (key) => objects.path(key) })
    const files = new FolderFiles(objects, folder.scratch)
    const { findings, more } = await auditLedger({
      raw,
      ledger,
      ahead,
      objects,
      quarantine,
      entries,
      rowsOf,
      records: heldRecords(ledger.records, raw, (page) => lost.set(page.key, page)),
      replayFiles: new Set(replays.flatMap(({ files }) => files.map(({ key }) => key))),
      files,
    })
    for await (const page of raw.damaged()) lost.set(page.key, page)
    const damaged = [...lost.values()].map((page) =>
      /* What format comes to next ends the run, whether its changes count or not. */
      damagedPage(page, {
        file: STATE_FILE,
        isOutranked: !ahead.has(page.key) && isBelowFloors(entries, page),
      }),
    )
    for await (const name of quarantine.damaged()) damaged.push(damagedEntry(STATE_FILE, name))
    return { findings: [...damaged, ...findings, ...(await auditLoadFiles(loads, { rowsOf, files }))], more }
  })
}

/* Nothing expires here: a page that only the ledger knows was lost. */
function heldRecords(
  records: LedgerRecords,
  raw: FolderRawStore,
  lose: (page: PageName) => void,
): LedgerRecords {
  return {
    pages: async function* (table, range) {
      for await (const recorded of records.pages(table, range)) {
        if (recorded.formatted !== undefined && raw.offsetOf(recorded.page.key) === undefined)
          lose(recorded.page)
        yield recorded
      }
    },
    page: (key) => records.page(key),
    redrives: (contract) => records.redrives(contract),
    aside: () => records.aside(),
    pagesAside: (object) => records.pagesAside(object),
    settled: (object) => records.settled(object),
    loadFiles: () => records.loadFiles(),
    days: () => records.days(),
    files: (day) => records.files(day),
  }
}

function idOf({ kind, table, name, first, last }: LedgerFinding): string {
  return JSON.stringify([kind, table, name, first, last])
}
