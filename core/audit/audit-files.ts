import { printTableVersion } from '../contract/language/table-version.ts'
import type { ManifestDay, ManifestFile } from '../ledger/ledger.ts'
import type { AuditDeps, AuditTime, ListedObject } from './ledger-audit.ts'
import { alteredFile, foreignFile, type LedgerFinding, unevenLoad, unlandedObject } from './ledger-finding.ts'

const LANDING = 'landing/changes/'
const LOADS = 'landing/loads/'
const LOAD_FILE = /\/LOAD[0-9A-F]{8}\.parquet$/

/**
 * Holds the manifest against the history files that are there, and the landing prefix against what was landed: a file
 * that is gone or has other bytes, an object or a load file that nobody landed in time, and, as a note, a file that
 * nobody wrote down. Days before `firstDay` are left out. Memory: the files of a day, the keys of all load files.
 */
export async function* auditFiles(
  deps: AuditDeps,
  time: AuditTime & { readonly firstDay?: string },
): AsyncGenerator<LedgerFinding> {
  for (const day of await deps.records.days())
    if (day.day >= (time.firstDay ?? '')) yield* historyOf(deps, day, time)
  yield* objectsNotLanded(deps, time)
  yield* loadFilesOf(deps, time)
}

async function* historyOf(
  { records, objects }: AuditDeps,
  day: ManifestDay,
  time: AuditTime,
): AsyncGenerator<LedgerFinding> {
  const files = await records.files(day)
  const there = new Map<string, ListedObject>()
  for (const folder of new Set(files.map(({ key }) => key.slice(0, key.lastIndexOf('/') + 1))))
    for await (const object of objects.objects(folder)) there.set(object.key, object)
  const isWhole = ({ key, bytes }: ManifestFile) => there.get(key)?.bytes === bytes
  const bad = files.filter((file) => !isWhole(file))
  /* Written down before it was there, or compacted away in between: only what is expected still is missing. */
  const still = new Map(
    bad.length === 0 ? [] : (await records.files(day)).map((file) => [file.key, file.bytes]),
  )
  for (const file of bad)
    if (still.get(file.key) === file.bytes) yield alteredFile(day, file, there.get(file.key)?.bytes)
  const known = new Set([...files.map(({ key }) => key), ...still.keys()])
  for (const { key, modifiedAt } of there.values())
    if (!known.has(key) && isOverdue(modifiedAt, time))
      yield foreignFile(printTableVersion({ name: day.table, version: day.version }), key)
}

async function* objectsNotLanded(
  { records, objects }: AuditDeps,
  time: AuditTime,
): AsyncGenerator<LedgerFinding> {
  let folder = ''
  let settled: ReadonlySet<string> = new Set()
  for await (const { key, modifiedAt } of objects.objects(LANDING)) {
    if (!isOverdue(modifiedAt, time)) continue
    const own = key.slice(0, key.lastIndexOf('/'))
    if (own !== folder) settled = await records.settled(key)
    folder = own
    if (!settled.has(key)) yield unlandedObject(key, 'block')
  }
}

async function* loadFilesOf({ records, objects }: AuditDeps, time: AuditTime): AsyncGenerator<LedgerFinding> {
  const known = new Set<string>()
  for await (const file of records.loadFiles()) {
    known.add(file.key)
    yield* unevenLoad(file, 'stack')
  }
  for await (const { key, modifiedAt } of objects.objects(LOADS))
    if (LOAD_FILE.test(key) && !known.has(key) && isOverdue(modifiedAt, time))
      yield unlandedObject(key, 'load')
}

function isOverdue(instant: number, { now, overdueMs }: AuditTime): boolean {
  return now - instant > overdueMs
}
