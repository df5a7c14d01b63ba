import { relative, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  badKey,
  badState,
  damagedEntry,
  damagedPage,
  type LedgerFinding,
} from '../../core/audit/ledger-finding.ts'
import type { Page } from '../../core/page.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import { type AuditDeps, auditLedger } from '../ledger/audit-ledger.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { parquetRows } from '../ledger/parquet-rows.ts'
import { readCheckpoint } from '../state/checkpoint.ts'
import { FileCatalog } from '../state/file-catalog.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { readDocuments, storedLoads } from '../state/state-file.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { keyFault } from '../stores/folder-mask-keys.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { FolderRawStore } from '../stores/folder-raw-store.ts'
import { auditLoadFiles } from './audit-load-files.ts'
import { type Damage, examineFolder } from './examine-folder.ts'
import { remedyText } from './remedies.ts'

export interface FolderAudit {
  readonly findings: readonly LedgerFinding[]
  /** Pages that the ledger cannot vouch for: they were formatted before it began. */
  readonly before: number
}

/* Longer than a round of landing. */
const PAUSE_MS = 400
const LOOKS = 3

/**
 * Audits the ledger of a folder without writing to it, also beside the process that runs there. What a running stage had
 * in its hands at one look is not there at the next: only what every look finds is a finding.
 */
export async function auditFolder(folder: RunFolder, pauseMs = PAUSE_MS): Promise<FolderAudit> {
  const damages = await examineFolder(folder)
  const broken = [
    ...damages.map(({ name, state }) => badState(name, state, remedyText(name))),
    ...(await foundKey(folder, damages)),
  ]
  /* Without a ledger or a catalog to hold against the rest there is nothing more to say. */
  if (
    damages.some(({ name }) =>
      /^(?:catalog|checkpoint)\.json$|^ledger\/|^state\.db(?:$|\/replays\/)/.test(name),
    )
  )
    return { findings: broken, before: 0 }
  /* A load that nobody can read of is named already. */
  const hasLoads = !damages.some(({ name }) => name.startsWith('state.db/loads/'))
  const { findings, before } = await auditWhole(folder, { pauseMs, hasLoads })
  return { findings: [...broken, ...findings], before }
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

async function auditWhole(folder: RunFolder, { pauseMs, hasLoads }: Looks): Promise<FolderAudit> {
  const engine = await DuckEngine.open({ temporary: folder.scratch })
  try {
    let audit = await look(folder, engine, hasLoads)
    for (let again = 1; again < LOOKS && audit.findings.length > 0; again += 1) {
      await sleep(pauseMs)
      const { findings } = await look(folder, engine, hasLoads)
      const still = new Set(findings.map(idOf))
      audit = { ...audit, findings: audit.findings.filter((finding) => still.has(idOf(finding))) }
    }
    return audit
  } finally {
    engine.close()
  }
}

/* In this order: what a later store has, an earlier one may not have had yet, never the other way round. */
async function look(folder: RunFolder, engine: DuckEngine, hasLoads: boolean): Promise<FolderAudit> {
  const loads = hasLoads ? await storedLoads(folder) : []
  const formatted = await readCheckpoint(folder.checkpoint)
  const raw = await FolderRawStore.open(folder.raw, 'read')
  const objects = new FolderObjects(folder.root)
  try {
    const ledger = await FolderLedger.open(folder.ledger, { feed: raw, formatted, mode: 'read' })
    const quarantine = await FolderQuarantine.open(folder, { mode: 'read' })
    try {
      const replays = await readDocuments(folder, (documents) => new ReplayDocuments(documents).all())
      const entries = await new FileCatalog(folder.catalog).entries()
      const rowsOf: AuditDeps['rowsOf'] = (keys) =>
        parquetRows(keys, { engine, pathOf: (key) => objects.path(key) })
      const findings = await auditLedger({
        ...{ feed: raw, ledger, formatted, objects, quarantine, entries },
        replayFiles: new Set(replays.flatMap(({ files }) => files.map(({ key }) => key))),
        files: new FolderFiles(objects, folder.scratch),
        rowsOf,
      })
      return {
        findings: [
          ...(await damagedItems(raw, quarantine, entries)),
          ...findings,
          ...(await auditLoadFiles(loads, rowsOf)),
        ],
        before: ledger.book.since,
      }
    } finally {
      await quarantine.close()
    }
  } finally {
    await raw.close()
  }
}

/* Every page and every entry: what format or a redrive has read already is not read again before a replay. */
async function damagedItems(
  raw: FolderRawStore,
  quarantine: FolderQuarantine,
  entries: readonly CatalogEntry[],
): Promise<readonly LedgerFinding[]> {
  const found: LedgerFinding[] = []
  for await (const { index, file } of raw.damaged()) {
    const header = raw.header(index)
    if (header !== undefined)
      found.push(damagedPage(header, { file: `raw/${file}`, isOutranked: isOutranked(header, entries) }))
  }
  for await (const name of quarantine.damaged()) found.push(damagedEntry('state.db', name))
  return found
}

/* Below the floor of every lake table that is made of it. */
function isOutranked(
  { table: source, lastPosition }: Pick<Page, 'table' | 'lastPosition'>,
  entries: readonly CatalogEntry[],
): boolean {
  const readers = entries.filter(({ table }) => table.source === source)
  return readers.length > 0 && readers.every(({ floors }) => (floors.at(-1)?.position ?? '') > lastPosition)
}

function idOf({ kind, table, name, first, last }: LedgerFinding): string {
  return JSON.stringify([kind, table, name, first, last])
}
