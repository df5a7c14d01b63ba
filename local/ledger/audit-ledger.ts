import {
  badBase,
  badHistory,
  type FoundFile,
  foreignFile,
  type LedgerFinding,
  lostBlock,
  lostEntries,
  lostPage,
  unevenLoad,
  unevenPage,
} from '../../core/audit/ledger-finding.ts'
import { addsUp, blockId, type Feed, type NamedBlock, totalsKey } from '../../core/ledger/ledger.ts'
import { asideIds } from '../../core/ledger/ledger-balance.ts'
import { type CatalogEntry, type LakeFile, reachesBack } from '../../core/ports/catalog-entry.ts'
import type { ObjectFiles, ObjectStore } from '../../core/ports/ports.ts'
import type { EntryCounts } from '../stores/quarantine-tally.ts'
import type { FolderLedger } from './folder-ledger.ts'

export interface AuditDeps {
  readonly feed: Feed
  readonly ledger: FolderLedger
  /** Pages that format was done with when the ledger was opened. */
  readonly formatted: number
  readonly objects: Pick<ObjectStore, 'list'>
  readonly entries: readonly CatalogEntry[]
  readonly quarantine: { readonly countOf: (table: string, contract: string | null) => EntryCounts }
  /** History files of replays, shown or not. */
  readonly replayFiles: ReadonlySet<string>
  /** Rows by the footers of Parquet files; null for one that cannot be read. Keys that are not there are left out. */
  readonly rowsOf: (keys: readonly string[]) => Promise<ReadonlyMap<string, number | null>>
  readonly files: Pick<ObjectFiles, 'verify'>
}

/**
 * Compares what the ledger says with the raw store, the landing prefix, quarantine and the lake, and names every
 * difference. Beside a running pipeline a finding counts only when a second look has it, too. Memory: the keys of one
 * table and the files of one day.
 */
export async function auditLedger(deps: AuditDeps): Promise<readonly LedgerFinding[]> {
  /* First the lake, then the landing prefix: what landed in between is in the second list or in the ledger. */
  const histories = new Map<CatalogEntry, ReadonlySet<string>>()
  for (const entry of deps.entries)
    histories.set(entry, new Set(await deps.objects.list(`${entry.table.location}/`)))
  const landing = new Set(await deps.objects.list('landing/changes/'))
  return [
    ...lostPages(deps),
    ...lostBlocks(deps, landing),
    ...lostRefusals(deps),
    ...[...deps.ledger.book.loadFiles.all()].flatMap((file) => unevenLoad(file, 'machine')),
    ...(await badFiles(deps)),
    ...(await foreignFiles(deps, histories, landing)),
  ]
}

function lostPages({ feed, ledger, formatted, entries }: AuditDeps): readonly LedgerFinding[] {
  const { book } = ledger
  const found: LedgerFinding[] = []
  for (const place of book.folded.gaps(book.since, Math.min(formatted, feed.length))) {
    const header = feed.header(place)
    if (header === undefined || book.isRecorded(header.key)) continue
    const contracts = entries.filter(({ table }) => table.source === header.table)
    found.push(
      lostPage(
        header,
        contracts.map(({ table }) => `${table.name} v${table.version}`),
      ),
    )
  }
  return found
}

function lostBlocks(
  { ledger, formatted }: AuditDeps,
  landing: ReadonlySet<string>,
): readonly LedgerFinding[] {
  const { book } = ledger
  const aside = asideIds(book)
  const objects = new Map<string, string>()
  const waiting = new Set<string>()
  for (const [object, { blocks }] of book.objects())
    for (const block of blocks) {
      objects.set(blockId(block), object)
      if (landing.has(object)) waiting.add(blockId(block))
    }
  const isLost = (block: NamedBlock) => {
    const id = blockId(block)
    return !book.hasLanded(block) && !aside.has(id) && !waiting.has(id)
  }
  const found: LedgerFinding[] = []
  const lose = (block: NamedBlock) => {
    const object = objects.get(blockId(block)) ?? null
    const where = object === null ? 'delivery never wrote it' : `${object} is gone and was not landed`
    found.push(lostBlock(block, where, object))
  }
  for (const { place, page, changes, shares } of book.openPages()) {
    if (place >= formatted) continue
    for (const share of shares) {
      for (const block of share.blocks) if (isLost(block)) lose(block)
      if (!addsUp(changes, share)) found.push(unevenPage({ key: page, changes }, share.contract ?? ''))
    }
  }
  for (const block of book.redrives()) if (isLost(block)) lose(block)
  return found
}

function lostRefusals({ ledger, entries, quarantine }: AuditDeps): readonly LedgerFinding[] {
  const { book } = ledger
  return entries.flatMap(({ table: { name, version, source } }) => {
    const contract = `${name} v${version}`
    let expected = book.contract(totalsKey(contract, source)).fresh
    for (const { shares } of book.openPages())
      for (const share of shares) if (share.contract === contract) expected += share.fresh
    const { waiting, redriven, expired } = quarantine.countOf(source, contract)
    const found = waiting + redriven + expired
    return found < expected ? [lostEntries(contract, expected, found)] : []
  })
}

/* History first: base is made of it. */
async function badFiles(deps: AuditDeps): Promise<readonly LedgerFinding[]> {
  const { ledger, entries } = deps
  const found: LedgerFinding[] = []
  for (const day of await ledger.days())
    for (const [file, state] of await stateOfFiles(await ledger.files(day), deps))
      found.push(badHistory(day, file, state))
  for (const entry of entries) {
    const { table, base } = entry
    if (base === null) continue
    const files = [...base.parts.flatMap((part) => part.files), ...base.tombstones]
    for (const [file, state] of await stateOfFiles(files, deps))
      found.push(badBase(table, file, { found: state, reachesBack: reachesBack(entry) }))
  }
  return found
}

/* Those that are not what was written. Every byte of a file is read. */
async function stateOfFiles<File extends LakeFile>(
  all: readonly File[],
  { rowsOf, files }: Pick<AuditDeps, 'rowsOf' | 'files'>,
): Promise<readonly (readonly [File, FoundFile])[]> {
  const bad: (readonly [File, FoundFile])[] = []
  const rows = await rowsOf(all.map(({ key }) => key))
  for (const file of all) {
    const counted = rows.get(file.key)
    if (counted === undefined) bad.push([file, 'missing'])
    else if (counted === null) bad.push([file, 'unreadable'])
    else if (counted !== file.rows) bad.push([file, { rows: counted }])
    else if ((await files.verify(file, 'digest')) === 'altered') bad.push([file, 'altered'])
  }
  return bad
}

async function foreignFiles(
  { ledger, replayFiles }: AuditDeps,
  histories: ReadonlyMap<CatalogEntry, ReadonlySet<string>>,
  landing: ReadonlySet<string>,
): Promise<readonly LedgerFinding[]> {
  /* The file of an object that is being landed has its name. */
  const underWay = new Set([...landing].map((key) => /([^/]+)\.ndjson\.gz$/.exec(key)?.[1] ?? ''))
  const isUnderWay = (key: string) => underWay.has(/([^/]+)\.parquet$/.exec(key)?.[1] ?? '')
  const found: LedgerFinding[] = []
  for (const [{ table }, keys] of histories) {
    const foreign = new Set([...keys].filter((key) => !replayFiles.has(key) && !isUnderWay(key)))
    for (const day of await ledger.days())
      if (day.table === table.name && day.version === table.version)
        for (const { key } of await ledger.files(day)) foreign.delete(key)
    for (const key of foreign) found.push(foreignFile(`${table.name} v${table.version}`, key))
  }
  return found
}
