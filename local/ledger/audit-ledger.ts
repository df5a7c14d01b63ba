import { auditPages } from '../../core/audit/audit-pages.ts'
import type { AuditPlace } from '../../core/audit/audit-place.ts'
import type { HeldPages, LedgerRecords } from '../../core/audit/ledger-audit.ts'
import {
  badBase,
  badHistory,
  type FoundFile,
  foreignFile,
  type LedgerFinding,
  lostEntries,
  repairOf,
  unevenLoad,
} from '../../core/audit/ledger-finding.ts'
import { printTableVersion, type TableVersion } from '../../core/contract/language/table-version.ts'
import { blockId } from '../../core/ledger/ledger.ts'
import { type CatalogEntry, type LakeFile, reachesBack } from '../../core/ports/catalog-entry.ts'
import type { ObjectFiles, ObjectStore } from '../../core/ports/ports.ts'
import type { EntryCounts } from '../stores/quarantine-tally.ts'
import type { FolderLedger } from './folder-ledger.ts'

export interface AuditDeps {
  readonly raw: HeldPages & { readonly tables: () => Iterable<string> }
  readonly records: LedgerRecords
  readonly ledger: FolderLedger
  /** Keys of the pages that format has not come to. */
  readonly ahead: ReadonlySet<string>
  readonly objects: Pick<ObjectStore, 'list'>
  readonly entries: readonly CatalogEntry[]
  readonly quarantine: { readonly countOf: (table: string, contract: TableVersion | null) => EntryCounts }
  /** History files of replays, shown or not. */
  readonly replayFiles: ReadonlySet<string>
  /** Rows by the footers of Parquet files; null for one that cannot be read. Keys that are not there are left out. */
  readonly rowsOf: (keys: readonly string[]) => Promise<ReadonlyMap<string, number | null>>
  readonly files: Pick<ObjectFiles, 'verify'>
}

export interface FolderFindings {
  readonly findings: readonly LedgerFinding[]
  /** Pages and blocks that are missing, too, and only counted. */
  readonly more: number
}

/**
 * Compares what the ledger says with the raw store, the landing prefix, quarantine and the lake, and names every
 * difference. Beside a running pipeline a finding counts only when a second look has it, too. Memory: the keys of one
 * table, of the pages that format has not come to and of the files of one day.
 */
export async function auditLedger(deps: AuditDeps): Promise<FolderFindings> {
  const { raw, records, entries } = deps
  /* First the lake, then the landing prefix: what landed in between is in the second list or in the ledger. */
  const histories = new Map<string, readonly string[]>()
  for (const { table } of entries)
    histories.set(printTableVersion(table), await deps.objects.list(`${table.location}/`))
  const landing = new Set(await deps.objects.list('landing/changes/'))
  const readers = entries.map(({ table }) => ({
    contract: printTableVersion(table),
    source: table.source,
  }))
  const { findings, more } = await auditPages(
    { raw, records, readers, unread: [...raw.tables()] },
    { place: await folderPlace(deps, landing) },
  )
  const found = [...findings, ...lostRefusals(deps)]
  for await (const file of records.loadFiles()) found.push(...unevenLoad(file, 'machine'))
  return { findings: [...found, ...(await badFiles(deps, { histories, landing }))], more }
}

/* What is on its way is there to be seen: pages behind format, and landing objects. */
async function folderPlace({ ledger, ahead }: AuditDeps, landing: ReadonlySet<string>): Promise<AuditPlace> {
  const objects = new Map<string, string>()
  for await (const { object, blocks } of ledger.delivering())
    for (const block of blocks) objects.set(blockId(block), object)
  return {
    keepsPages: true,
    isPageDue: ({ key }) => !ahead.has(key),
    passedOver: 'was passed over by format',
    isBlockDue: (id) => !landing.has(objects.get(id) ?? ''),
    whereIs: (block) => {
      const object = objects.get(blockId(block)) ?? null
      const says = object === null ? 'delivery never wrote it' : `${object} is gone and was not landed`
      return { says, object }
    },
    wayBack: ({ key }) => repairOf('page', key),
  }
}

function lostRefusals({ ledger, entries, quarantine }: AuditDeps): readonly LedgerFinding[] {
  return entries.flatMap(({ table: { name, version, source } }) => {
    const contract = printTableVersion({ name, version })
    const expected = ledger.refused({ contract: { name, version }, source })
    const { waiting, redriven, expired } = quarantine.countOf(source, { name, version })
    const found = waiting + redriven + expired
    return found < expected ? [lostEntries(contract, expected, found)] : []
  })
}

/* History first: base is made of it. Then what is there and nobody wrote down. */
async function badFiles(
  deps: AuditDeps,
  there: {
    /** Keys of history files by `name vN`. */
    readonly histories: ReadonlyMap<string, readonly string[]>
    readonly landing: ReadonlySet<string>
  },
): Promise<readonly LedgerFinding[]> {
  const { records, entries } = deps
  const foreign = unexpected(deps, there)
  const found: LedgerFinding[] = []
  for (const day of await records.days()) {
    const files = await records.files(day)
    const others = foreign.get(printTableVersion({ name: day.table, version: day.version }))
    for (const { key } of files) others?.delete(key)
    for (const [file, state] of await stateOfFiles(files, deps)) found.push(badHistory(day, file, state))
  }
  for (const entry of entries) {
    const { table, base } = entry
    if (base === null) continue
    const files = [...base.parts.flatMap((part) => part.files), ...base.tombstones]
    for (const [file, state] of await stateOfFiles(files, deps))
      found.push(badBase(table, file, { found: state, reachesBack: reachesBack(entry) }))
  }
  for (const [contract, keys] of foreign) for (const key of keys) found.push(foreignFile(contract, key))
  return found
}

/* History files that are neither of a replay nor being landed: such a file has the name of its object. */
function unexpected(
  { replayFiles }: Pick<AuditDeps, 'replayFiles'>,
  { histories, landing }: Parameters<typeof badFiles>[1],
): ReadonlyMap<string, Set<string>> {
  const underWay = new Set([...landing].map((key) => /([^/]+)\.ndjson\.gz$/.exec(key)?.[1] ?? ''))
  const isUnderWay = (key: string) => underWay.has(/([^/]+)\.parquet$/.exec(key)?.[1] ?? '')
  return new Map(
    [...histories].map(([contract, keys]) => [
      contract,
      new Set(keys.filter((key) => !replayFiles.has(key) && !isUnderWay(key))),
    ]),
  )
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
