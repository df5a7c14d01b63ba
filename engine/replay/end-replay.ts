import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { type Replay, replayFileName } from '../../core/replay/replay.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { firstWritableDate } from '../../ingest/land/first-writable-date.ts'
import { auditReplay } from './audit-replay.ts'
import type { ReplayDeps } from './replay-deps.ts'

/** Whether readers see the revision of a replay. */
export async function isPublished(
  { table, version, revision }: Replay,
  { catalog }: Pick<ReplayDeps, 'catalog'>,
): Promise<boolean> {
  return (await catalog.entry(table, version)).revisions.includes(revision)
}

/**
 * Shows a replay of which every file was written: one catalog update. Doing it again changes nothing. Throws `lake/unreadable`
 * when its files are not those that the ledger counted, and `lake/conflict` when the day of its files is over; it is given
 * up then.
 */
export async function showReplay(
  replay: Replay,
  { table, isOfContract }: { readonly table: Table; readonly isOfContract: boolean },
  deps: ReplayDeps,
): Promise<Replay> {
  const { catalog, manifest, replays, shown } = deps
  const { version, revision, files, ingestDate: day } = replay
  /* Once readers see them, they are compaction's, which may have merged them. */
  if (!(await isPublished(replay, deps))) {
    await audited(replay, table, deps).catch(async (error: unknown) => {
      if (error instanceof PipelineError && error.code.startsWith('lake/')) await abandon(replay, table, deps)
      throw error
    })
    await manifest.replaceFiles({ table: table.name, version, day, added: files, removed: [] })
  }
  await catalog.publishRevision(table.name, version, revision)
  await shown?.(replay, isOfContract)
  const ended = { ...replay, state: 'complete' as const, files: [] }
  await replays.replace(ended)
  return ended
}

/** Gives up a replay that readers never saw, and removes its files. Its revision is never used again. */
export async function abandon(
  replay: Replay,
  table: Table,
  { objects, manifest, replays }: ReplayDeps,
): Promise<void> {
  /* First that it goes: with files gone, nobody may go on with it. */
  await replays.replace({ ...replay, state: 'leaving' })
  const { version, ingestDate: day, files } = replay
  const removed = files.map(({ key }) => key)
  await manifest.replaceFiles({ table: table.name, version, day, added: [], removed })
  for (const key of await filesOf(replay, table, objects)) await objects.delete(key)
  await replays.replace({ ...replay, state: 'abandoned', files: [] })
}

async function audited(replay: Replay, table: Table, deps: ReplayDeps): Promise<void> {
  const { objects, catalog, readBack, open } = deps
  const { files, rows, ingestDate } = replay
  const there = new Set(await filesOf(replay, table, objects))
  if (
    files.length > 0 &&
    firstWritableDate(await catalog.entry(table.name, table.version), ingestDate) !== ingestDate
  )
    throw new PipelineError('lake/conflict', `${table.name}: a compaction passed the day of the replay`)
  /* Files may have marks of refused changes beside the rows of changes. */
  const isWhole = files.every(({ key }) => there.has(key))
  if (!isWhole || files.reduce((sum, file) => sum + file.rows, 0) < rows)
    throw new PipelineError('lake/unreadable', `${table.name}: files of the replay are gone; it was given up`)
  if (readBack === 'all') {
    const copies = open()
    try {
      await auditReplay(replay, (key) => copies.read(key))
    } finally {
      await copies.close()
    }
  }
  /* Of a chunk that a crash cut off, and that made no rows, or on another day, when it was done again. */
  for (const { key } of files) there.delete(key)
  for (const key of there) await objects.delete(key)
}

/* Also those that the ledger does not know, of whatever day. */
async function filesOf(
  { revision }: Replay,
  table: Table,
  objects: Pick<ObjectStore, 'list'>,
): Promise<readonly string[]> {
  const keys = await objects.list(`${catalogTable(table).location}/`)
  return keys.filter((key) => key.includes(`/${replayFileName(revision)}`))
}
