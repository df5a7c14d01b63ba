import { recordBytes } from '../../aws/firehose/pack-records.ts'
import type { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import type { ReplayRecord, ReplayRecords } from '../../aws/s3/replay-record.ts'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { ReplayProgress } from '../../core/operations/answers.ts'
import type { ObjectFiles, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import { auditReplay } from '../../engine/replay/audit-replay.ts'
import { type FormattedPages, formatPages } from '../../engine/replay/format-pages.ts'
import { nextRevision } from '../../engine/replay/next-revision.ts'
import { replayFileKey } from '../../engine/replay/replay-file-key.ts'
import type { Route } from '../../formatters/route.ts'
import { openDay } from '../../ingest/land/open-day.ts'
import type { Lease } from '../../state/lease.ts'
import type { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { withRevisionLease } from '../../state/revision-lease.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import { type EndReplayDeps, giveUp, showReplay, wasShown } from './end-replay.ts'
import { type Reach, ReplayFeed } from './replay-feed.ts'

export interface ReplayTableDeps extends EndReplayDeps {
  readonly raw: Pick<ItemRawStore, 'behind'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly objects: Pick<ObjectStore, 'put' | 'list' | 'delete'>
  readonly catalog: Pick<GlueCatalog, 'entry' | 'registerPartition' | 'publishRevision'>
  readonly replays: Pick<ReplayRecords, 'of' | 'replace'>
  readonly lease: Pick<Lease, 'take' | 'release'>
  /** Copies of the file that is read back, in a folder that goes when it is closed. */
  readonly open: () => Pick<ObjectFiles, 'read'> & { close(): Promise<void> }
  readonly stage: LambdaStage
}

/* For one more file, its reading back, the publishing and the answer. */
const RESERVE_MS = 90_000
const WHOLE = { range: {}, maxBlockBytes: recordBytes }
const NOTHING = { done: 0, changes: 0, rows: 0, refused: 0, after: null, from: null, since: null }
type Counts = Pick<ReplayRecord, keyof typeof NOTHING>
type Place = Counts & { readonly state: ReplayRecord['state'] | 'dry run'; readonly revision: number | null }

/**
 * Formats the raw pages of a table again with its contract, at a revision that readers do not see; when every page that is
 * there is done, shows it, all at once. Out of time, it says `running`, and the next call goes on, as after a crash. One
 * begun with another contract is given up. What is refused is in quarantine, and what waits there stays. Undefined when
 * a revision is being chosen elsewhere. Throws `lake/unreadable` when a file is not what was written: nothing of it is shown.
 */
export async function replayTable(route: Route, deps: ReplayTableDeps): Promise<ReplayProgress | undefined> {
  const { raw, replays, stage } = deps
  let record = await goOn(route, deps)
  if (record === undefined || record.state === 'complete') return record && progressOf(record)
  const feed = new ReplayFeed(raw.behind(route.table.source.table, record.after))
  try {
    for (;;) {
      if (stage.remainingMs < RESERVE_MS) return progressOf(record)
      const { revision } = record
      const chunk = await formatPages(
        () => feed.next(),
        { route, revision, ...WHOLE, isDryRun: false },
        deps.quarantine,
      )
      const reach = feed.taken()
      if (reach === undefined) break
      record = await keep(record, { chunk, reach, route }, deps)
      await replays.replace(record)
      const { pages, changes, rows, refused } = chunk
      stage.log.info('replay.chunk', { table: record.table, revision, pages, changes, rows, refused })
    }
  } finally {
    await feed.close()
  }
  return progressOf(await showReplay(record, route.table, deps))
}

/** Says what the contract makes of the pages behind one, as far as time allows; nothing is written. */
export async function tryReplay(
  route: Route,
  after: string | null,
  { raw, quarantine, stage }: Pick<ReplayTableDeps, 'raw' | 'quarantine' | 'stage'>,
): Promise<ReplayProgress> {
  const feed = new ReplayFeed(raw.behind(route.table.source.table, after))
  const request = { route, revision: 0, ...WHOLE, isDryRun: true }
  let counts: Counts = { ...NOTHING, after }
  try {
    while (stage.remainingMs >= RESERVE_MS) {
      const chunk = await formatPages(() => feed.next(), request, quarantine)
      const reach = feed.taken()
      if (reach === undefined) return progressOf({ ...counts, state: 'dry run', revision: null })
      counts = counted(counts, chunk, reach)
    }
    return progressOf({ ...counts, state: 'running', revision: null })
  } finally {
    await feed.close()
  }
}

/* The replay that is to go on; one that is shown already comes back complete. */
async function goOn(route: Route, deps: ReplayTableDeps): Promise<ReplayRecord | undefined> {
  const { table } = route
  const contract = contractDigest(table)
  const known = await deps.replays.of(table.name, table.version)
  for (const record of known) {
    const isSame = record.contract === contract
    if (record.state === 'running' && (await wasShown(record, deps))) {
      const ended = await showReplay(record, table, deps)
      if (isSame) return ended
    } else if (record.state === 'leaving' || (record.state === 'running' && !isSame))
      await giveUp(record, table, deps)
    else if (record.state === 'running') return record
  }
  return withRevisionLease(`${table.name} v${table.version}`, deps.lease, () => begin(route, deps))
}

async function begin({ table }: Route, { catalog, replays, stage }: ReplayTableDeps): Promise<ReplayRecord> {
  const entry = await catalog.entry(table.name, table.version)
  const revision = await nextRevision(table, {
    catalog: { entries: async () => [entry] },
    ledger: { all: () => replays.of(table.name, table.version) },
  })
  const startedAt = new Date(stage.now()).toISOString()
  const record: ReplayRecord = {
    ...{ format: 1, table: table.name, version: table.version, contract: contractDigest(table), revision },
    ...{
      state: 'running',
      ingestDate: openDay(entry, startedAt.slice(0, 10)),
      ...NOTHING,
      files: [],
      startedAt,
    },
  }
  await replays.replace(record)
  return record
}

/* Puts the file of a chunk, and has another reader than its writer read it, before the ledger counts it. */
async function keep(
  record: ReplayRecord,
  { chunk, reach, route: { table } }: { chunk: FormattedPages; reach: Reach; route: Route },
  { objects, catalog, open, stage }: ReplayTableDeps,
): Promise<ReplayRecord> {
  const after = { ...record, ...counted(record, chunk, reach) }
  const { first, last } = reach
  if (chunk.file === undefined) return after
  /* From its first file on a day stays open; before it, days go by. */
  const isFirst = record.files.length === 0
  const today = new Date(stage.now()).toISOString().slice(0, 10)
  const ingestDate = isFirst
    ? openDay(await catalog.entry(table.name, table.version), today)
    : record.ingestDate
  const key = replayFileKey({ ...record, ingestDate }, table)
  const { parts, rows, bytes, sha256 } = chunk.file
  await objects.put(key, parts)
  /* Readers leave out a revision that is not shown; of a day without a file none must know. */
  if (isFirst) await catalog.registerPartition(table.name, table.version, ingestDate)
  const files = open()
  try {
    const { table: name, revision } = record
    const reading = { table: name, revision, from: null, to: null, rows: chunk.rows }
    await auditReplay({ ...reading, files: [{ key, sha256 }] }, (one) => files.read(one))
  } finally {
    await files.close()
  }
  return {
    ...after,
    ingestDate,
    files: [...record.files, { key, rows, bytes, sha256, first, last }],
  }
}

function counted(before: Counts, { pages, changes, rows, refused }: FormattedPages, reach: Reach): Counts {
  return {
    done: before.done + pages,
    changes: before.changes + changes,
    rows: before.rows + rows,
    refused: before.refused + refused,
    from: before.from ?? reach.first,
    since: before.from === null ? reach.since : before.since,
    after: reach.after,
  }
}

function progressOf({ state, revision, done: pages, ...counts }: Place): ReplayProgress {
  const { changes, rows, refused, from, since, after } = counts
  const shown = state === 'complete' || state === 'dry run' ? state : 'running'
  return { state: shown, revision, pages, changes, rows, refused, from, since, after }
}
