import type { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import type { ReplayRecord, ReplayRecords } from '../../aws/s3/replay-record.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ManifestFile } from '../../core/ledger/ledger.ts'
import type { Ledger, ObjectStore } from '../../core/ports/ports.ts'
import { replayFileName } from '../../engine/replay/replay-file-key.ts'
import { catalogTable } from '../../glue/catalog-table.ts'

export interface EndReplayDeps {
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<GlueCatalog, 'entry' | 'publishRevision'>
  readonly replays: Pick<ReplayRecords, 'replace'>
  readonly manifest: Pick<Ledger, 'replaceFiles'>
}

/** Whether readers see the revision of a replay. */
export async function wasShown(
  { table, version, revision }: ReplayRecord,
  { catalog }: Pick<EndReplayDeps, 'catalog'>,
): Promise<boolean> {
  return (await catalog.entry(table, version)).revisions.includes(revision)
}

/**
 * Shows a replay of which every file was written and read back: one catalog update. Doing it again changes nothing.
 * Throws `lake/unreadable` when its files are not those that the ledger counted; it is given up then.
 */
export async function showReplay(
  record: ReplayRecord,
  table: Table,
  deps: EndReplayDeps,
): Promise<ReplayRecord> {
  const { catalog, manifest, replays } = deps
  const { version, revision, files } = record
  /* Once readers see them, they are compaction's, which may have merged them. */
  if (!(await wasShown(record, deps))) {
    await auditFiles(record, table, deps)
    const added = files.map(manifestFile)
    await manifest.replaceFiles({ table: table.name, version, day: record.ingestDate, added, removed: [] })
  }
  await catalog.publishRevision(table.name, version, revision)
  const ended = { ...record, state: 'complete' as const, files: [] }
  await replays.replace(ended)
  return ended
}

/** Gives up a replay that readers never saw, and removes its files. Its revision is never used again. */
export async function giveUp(
  record: ReplayRecord,
  table: Table,
  { objects, manifest, replays }: EndReplayDeps,
): Promise<void> {
  /* First that it goes: with files gone, nobody may go on with it. */
  await replays.replace({ ...record, state: 'leaving' })
  const { version, ingestDate: day, files } = record
  const removed = files.map(({ key }) => key)
  await manifest.replaceFiles({ table: table.name, version, day, added: [], removed })
  for (const key of await filesOf(record, table, objects)) await objects.delete(key)
  await replays.replace({ ...record, state: 'abandoned', files: [] })
}

async function auditFiles(record: ReplayRecord, table: Table, deps: EndReplayDeps): Promise<void> {
  const { objects, catalog } = deps
  const { files, rows, ingestDate } = record
  const there = new Set(await filesOf(record, table, objects))
  const { base } = await catalog.entry(table.name, table.version)
  const isClosed = files.length > 0 && base !== null && base.openSince > ingestDate
  const isWhole = files.every(({ key }) => there.has(key))
  /* Files may have marks of refused changes beside the rows of changes. */
  if (isClosed || !isWhole || files.reduce((sum, file) => sum + file.rows, 0) < rows) {
    await giveUp(record, table, deps)
    throw new PipelineError('lake/unreadable', `${table.name}: files of the replay are gone; it was given up`)
  }
  /* Of a chunk that a crash cut off, and that made no rows, or on another day, when it was done again. */
  for (const { key } of files) there.delete(key)
  for (const key of there) await objects.delete(key)
}

/* Also those that the ledger does not know, of whatever day. */
async function filesOf(
  { revision }: ReplayRecord,
  table: Table,
  objects: Pick<ObjectStore, 'list'>,
): Promise<readonly string[]> {
  const keys = await objects.list(`${catalogTable(table).location}/`)
  return keys.filter((key) => key.includes(`/${replayFileName(revision)}`))
}

function manifestFile({
  key,
  rows,
  bytes,
  sha256,
  first,
  last,
}: ReplayRecord['files'][number]): ManifestFile {
  return { key, rows, bytes, sha256, first, last }
}
