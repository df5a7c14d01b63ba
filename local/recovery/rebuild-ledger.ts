import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion, readTableVersion } from '../../core/contract/language/table-version.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import {
  blockId,
  type ManifestChange,
  type NamedBlock,
  type PageRecord,
  type PageShare,
} from '../../core/ledger/ledger.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { router } from '../../formatters/route.ts'
import { dayOf } from '../../lake/compaction/plan/history-listing.ts'
import { pathList } from '../../lake/compaction/sql/lake-rows-sql.ts'
import { literal } from '../../lake/sql/sql-text.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import { parquetRows } from '../ledger/parquet-rows.ts'
import type { RunFolder } from '../state/run-folder.ts'
import type { StateFile } from '../state/state-file.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import type { FolderQuarantine } from '../stores/folder-quarantine.ts'
import type { FedPage, FolderRawStore } from '../stores/folder-raw-store.ts'
import { type FormattedPage, formattedPage } from './page-rows.ts'

export interface RebuildLedgerDeps {
  readonly folder: RunFolder
  readonly state: StateFile
  readonly raw: FolderRawStore
  readonly quarantine: FolderQuarantine
  readonly entries: readonly CatalogEntry[]
  readonly tables: readonly Table[]
  readonly maskKey: MaskKey
  /** Empty, or what a rebuild that was cut off has left. */
  readonly ledger: FolderLedger
  readonly engine: DuckEngine
}

const BATCH_PAGES = 256
/* The object that blocks are said to have been in which the lake has. */
const REBUILT = 'rebuilt'

/**
 * Writes the ledger of a folder anew from what is there: each page that format was done with is formatted again in memory, and
 * its rows are looked for in the lake and in quarantine by their positions; history files are taken from the lake with their
 * rows. What is nowhere is left open, and the audit names it. Where nobody knows how far format was, it goes on at the first
 * such page, which changes nothing. Counts of records that are no changes are not known again. Cut off, it is done again.
 * Memory: the rows of a few pages; positions lie in scratch files.
 */
export async function rebuildLedger(deps: RebuildLedgerDeps): Promise<void> {
  const { folder, state, raw, ledger } = deps
  await makeFolder(folder.scratch)
  await raw.recount()
  for (const change of await historyManifest(deps)) await ledger.replaceFiles(change)
  for (const load of await new LoadDocuments(state.documents).all())
    for (const { table, files } of load.tables)
      for (const { key, rows, state: at, landed, refused } of files)
        if (at === 'landed')
          await ledger.recordLoadFile({ load: load.id, key, table, rows, landed, refused, files: [] })
  const known = ledger.lostCheckpoint
  let done = 0
  for (;;) {
    const batch = await batchAfter(done, known ?? raw.length, raw)
    const end = batch.at(-1)?.offset
    if (end === undefined) break
    const reached = await recordPages(batch, known === undefined, deps)
    done = reached ?? done
    if (reached !== end) break
  }
  await ledger.rebuilt(known ?? done)
}

async function batchAfter(offset: number, until: number, raw: FolderRawStore): Promise<readonly FedPage[]> {
  const batch: FedPage[] = []
  for (let last = offset; batch.length < BATCH_PAGES; ) {
    const fed = await raw.next(last)
    if (fed === undefined || fed.offset > until) break
    batch.push(fed)
    last = fed.offset
  }
  return batch
}

interface Reading extends Pick<FormattedPage, 'record'> {
  readonly offset: number
}

/* The place of the last page that was recorded: with `isUntilOpen` that before the first one of which something is nowhere. */
async function recordPages(
  batch: readonly FedPage[],
  isUntilOpen: boolean,
  deps: RebuildLedgerDeps,
): Promise<number | undefined> {
  const { tables, maskKey, ledger } = deps
  const route = router(tables, maskKey)
  const pages: Reading[] = []
  const path = join(deps.folder.scratch, 'positions.csv')
  const file = await open(path, 'w', 0o600)
  try {
    for (const { offset, page } of batch) {
      const { rows, record } = formattedPage(page, route)
      for (const { block, positions } of rows)
        if (positions.length > 0)
          await file.write(
            positions
              .map(
                (position) =>
                  `${printTableVersion(block.contract)},${blockId(block).replaceAll(',', ';')},${position}\n`,
              )
              .join(''),
          )
      pages.push({ offset, record })
    }
  } finally {
    await file.close()
  }
  try {
    const missing = await missingRows(path, deps)
    const records: PageRecord[] = []
    const landed: NamedBlock[] = []
    let reached: number | undefined
    for (const { offset, record } of pages) {
      const found: NamedBlock[] = []
      const shares = record.shares.map((share) => settledShare(share, missing, found))
      const isWhole = found.length === shares.flatMap(({ blocks }) => blocks).length
      if (isUntilOpen && !isWhole) break
      records.push({ ...record, shares })
      landed.push(...found)
      reached = offset
    }
    await ledger.formatted(records)
    await ledger.landed({ object: REBUILT, blocks: landed, files: [] })
    return reached
  } finally {
    await rm(path, { force: true })
  }
}

/** Rows of a block that no file of the lake has; of those, the ones that quarantine has. */
interface Missing {
  readonly rows: number
  readonly quarantined: number
}

/* A block whose missing changes wait in quarantine was refused in part when it was first read. */
function settledShare(
  share: PageShare,
  missing: ReadonlyMap<string, Missing>,
  landed: NamedBlock[],
): PageShare {
  let { refused } = share
  const blocks = share.blocks.map((block) => {
    const { rows = 0, quarantined = 0 } = missing.get(blockId(block).replaceAll(',', ';')) ?? {}
    if (rows > quarantined) return block
    const waiting = Math.min(quarantined, block.changes)
    const found = { ...block, changes: block.changes - waiting }
    refused += waiting
    landed.push(found)
    return found
  })
  return { ...share, blocks, refused }
}

async function missingRows(path: string, deps: RebuildLedgerDeps): Promise<ReadonlyMap<string, Missing>> {
  const { engine, entries, quarantine, folder } = deps
  const missing = new Map<string, Missing>()
  const expected = `read_csv(${literal(path)}, header = false, columns = {contract: 'VARCHAR', block: 'VARCHAR', position: 'VARCHAR'})`
  const contracts = await engine.rows(`SELECT DISTINCT contract FROM ${expected}`)
  const objects = new FolderObjects(folder.root)
  for (const [contract] of contracts) {
    const entry = entries.find(({ table }) => printTableVersion(table) === contract)
    const keys = entry === undefined ? [] : await objects.list(`${entry.table.location}/`)
    const of = readTableVersion(String(contract))
    const waiting = of === undefined ? new Set<string>() : quarantine.positionsOf(of)
    const known = entry?.base?.historyFrom ?? null
    const present =
      keys.length === 0
        ? 'SELECT NULL::VARCHAR AS _position WHERE false'
        : `SELECT DISTINCT _position FROM read_parquet(${pathList(keys.map((key) => objects.path(key)))},
            union_by_name = true, hive_partitioning = false)`
    const lost = await engine.rows(`SELECT block, position FROM ${expected} AS expected
      ANTI JOIN (${present}) AS present ON expected.position = present._position
      WHERE contract = ${literal(String(contract))}${known === null ? '' : ` AND position > ${literal(known)}`}`)
    for (const [block, position] of lost) {
      const { rows, quarantined } = missing.get(String(block)) ?? { rows: 0, quarantined: 0 }
      missing.set(String(block), {
        rows: rows + 1,
        quarantined: quarantined + (waiting.has(String(position)) ? 1 : 0),
      })
    }
  }
  return missing
}

/* Every history file but those of replays, whose own ledgers have them. */
async function historyManifest({
  folder,
  state,
  entries,
  engine,
}: RebuildLedgerDeps): Promise<readonly ManifestChange[]> {
  const objects = new FolderObjects(folder.root)
  const pathOf = (key: string) => objects.path(key)
  const replays = await new ReplayDocuments(state.documents).all()
  const replayed = new Set(replays.flatMap(({ files }) => files.map(({ key }) => key)))
  const changes: ManifestChange[] = []
  for (const { table } of entries) {
    const keys = (await objects.list(`${table.location}/`)).filter((key) => !replayed.has(key))
    const rows = await parquetRows(keys, { engine, pathOf })
    const readable = keys.filter((key) => typeof rows.get(key) === 'number')
    const facts = new Map<string, { bytes: number; first: string | null; last: string | null }>()
    if (readable.length > 0) {
      const list = pathList(readable.map(pathOf))
      const found =
        await engine.rows(`SELECT filename, min(_position), max(_position) FROM read_parquet(${list},
        union_by_name = true, hive_partitioning = false, filename = true) GROUP BY filename`)
      const sizes = new Map(
        (await engine.rows(`SELECT filename, size FROM read_blob(${list})`)).map(([name, size]) => [
          name,
          size,
        ]),
      )
      for (const [name, first, last] of found)
        facts.set(String(name), { bytes: Number(sizes.get(name)), first: String(first), last: String(last) })
    }
    for (const day of new Set(keys.map(dayOf)))
      changes.push({
        table: table.name,
        version: table.version,
        day,
        removed: [],
        added: keys
          .filter((key) => dayOf(key) === day)
          .map((key) => ({
            key,
            rows: rows.get(key) ?? 0,
            ...(facts.get(pathOf(key)) ?? { bytes: 0, first: null, last: null }),
          })),
      })
  }
  return changes
}
