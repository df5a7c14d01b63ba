import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { PositionRange } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { type Replay, type ReplayFile, replayFileName } from '../../core/replay/replay.ts'
import type { Route } from '../../formatters/route.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { firstWritableDate } from '../../ingest/land/first-writable-date.ts'
import { auditReplay } from './audit-replay.ts'
import { abandon, isPublished, showReplay } from './end-replay.ts'
import { type FormattedPages, formatPages } from './format-pages.ts'
import { nextRevision } from './next-revision.ts'
import type { ReplayDeps } from './replay-deps.ts'
import { ReplayFeed } from './replay-feed.ts'

export interface ReplayRequest {
  readonly route: Route
  readonly range: PositionRange
  readonly isDryRun: boolean
  /** Of a dry run: the key of the page behind which it goes on. */
  readonly after?: string | null
}

/** How far one call came. */
export interface Replayed {
  readonly state: 'complete' | 'interrupted' | 'dry run'
  readonly replay: Replay
}

/**
 * Formats the raw changes of a table, and the load files that are given, again with its contract, at a higher revision.
 * Readers see the new reading all at once, when everything is done and the files were read back; until then they see the old
 * one. Interrupted, as after a crash, the same call goes on where it stopped; with another contract it begins anew, and the
 * one before is given up. What is refused is in quarantine. Undefined when a revision is being chosen elsewhere. Throws
 * `lake/unreadable` when a file is not what was written, and `lake/conflict` when a compaction passed the day of its files.
 */
export async function replay(request: ReplayRequest, deps: ReplayDeps): Promise<Replayed | undefined> {
  const { route, isDryRun } = request
  const range = wholeChanges(request.range)
  const begun = isDryRun
    ? { ...newReplay(route, range, deps), after: request.after ?? null }
    : await resumeOrStart(route, range, deps)
  if (begun === undefined) return undefined
  if (begun.state === 'complete') return { state: 'complete', replay: begun }
  const run = new ReplayRun(begun, request, deps)
  await run.plan(range)
  const isWhole = (await run.pages(range)) && (await run.loadFiles(range))
  if (!isWhole) return { state: 'interrupted', replay: run.state }
  if (isDryRun) return { state: 'dry run', replay: run.state }
  const { table } = route
  return { state: 'complete', replay: await showReplay(run.state, { table, isOfContract: true }, deps) }
}

class ReplayRun {
  state: Replay
  private readonly route: Route
  private readonly isDryRun: boolean
  private readonly deps: ReplayDeps
  private last: string | undefined

  constructor(state: Replay, { route, isDryRun }: ReplayRequest, deps: ReplayDeps) {
    this.state = state
    this.route = route
    this.isDryRun = isDryRun
    this.deps = deps
  }

  async plan(range: PositionRange): Promise<void> {
    const found = await this.deps.extent?.(this.route.table, range)
    if (found === undefined) return
    this.last = found.last
    await this.keep({ ...this.state, pages: found.pages })
  }

  /** False when it is over before the last page. */
  async pages(range: PositionRange): Promise<boolean> {
    const { raw, quarantine, isOver, maxBlockBytes, onProgress } = this.deps
    const { route, isDryRun } = this
    const { after } = this.state
    const source = route.table.source.table
    const feed = new ReplayFeed(raw.behind(source, after, range), { after, last: this.last })
    try {
      for (;;) {
        if (feed.isDone()) return true
        if (isOver()) return false
        const { revision } = this.state
        const options = { route, revision, range, isDryRun, maxBlockBytes }
        const { file, ...chunk } = await formatPages(() => feed.next(), options, quarantine)
        const reach = feed.taken()
        if (reach === undefined) return true
        const { first, last } = reach
        const files = file === undefined ? [] : [await this.write(file, { first, last, rows: chunk.rows })]
        const { done, changes, rows, refused } = this.state
        await this.keep({
          ...this.state,
          done: done + chunk.pages,
          changes: changes + chunk.changes,
          rows: rows + chunk.rows,
          refused: refused + chunk.refused,
          files: [...this.state.files, ...files],
          first: this.state.first ?? first,
          after: reach.after,
          since: this.state.first === null ? reach.since : this.state.since,
        })
        onProgress?.(this.state, chunk)
      }
    } finally {
      await feed.close()
    }
  }

  /** False when it is over before the last file. */
  async loadFiles(range: PositionRange): Promise<boolean> {
    const { loads, isOver, onProgress } = this.deps
    const stored = await loads?.stored(this.route.table, range)
    if (loads === undefined || stored === undefined) return true
    const { position } = stored
    for (const key of stored.keys) {
      if (this.state.landedAgain.some((file) => file.key === key)) continue
      if (isOver()) return false
      const { revision } = this.state
      const ingestDate = this.isDryRun ? this.state.ingestDate : await this.day()
      const { files, ...counts } = await loads.land({ key, position, revision, ingestDate }, this.isDryRun)
      if (files.length > 0) await this.open(ingestDate)
      const { changes, rows, refused, landedAgain } = this.state
      await this.keep({
        ...this.state,
        changes: changes + counts.rows,
        rows: rows + counts.landed,
        refused: refused + counts.refused,
        landedAgain: [...landedAgain, { key, ...counts }],
        files: [...this.state.files, ...files],
      })
      onProgress?.(this.state, {
        pages: 0,
        changes: counts.rows,
        rows: counts.landed,
        refused: counts.refused,
      })
    }
    return true
  }

  /* Puts the file of a chunk, named by its place: one that a crash cut off is written again over itself. */
  private async write(
    { parts, rows, bytes, sha256 }: NonNullable<FormattedPages['file']>,
    chunk: { readonly first: Position; readonly last: Position; readonly rows: number },
  ): Promise<ReplayFile> {
    const { objects, readBack, open } = this.deps
    const ingestDate = await this.day()
    const key = replayFileKey({ ...this.state, ingestDate }, this.route.table)
    await objects.put(key, parts)
    await this.open(ingestDate)
    /* Another reader than its writer reads it, before the ledger counts it. */
    if (readBack === 'each') {
      const files = open()
      try {
        const reading = { ...this.state, rows: chunk.rows, files: [{ key, sha256 }] }
        await auditReplay(reading, (one) => files.read(one))
      } finally {
        await files.close()
      }
    }
    return { key, rows, bytes, sha256, first: chunk.first, last: chunk.last }
  }

  /* From its first file on a day stays open, for compaction leaves out the file; before it, days go by. */
  private async day(): Promise<string> {
    const { catalog, now } = this.deps
    const { name, version } = this.route.table
    return this.state.files.length > 0
      ? this.state.ingestDate
      : firstWritableDate(await catalog.entry(name, version), dayOf(now()))
  }

  /* Readers leave out a revision that is not shown; of a day without a file none must know. */
  private async open(ingestDate: string): Promise<void> {
    const { name, version } = this.route.table
    if (this.state.files.length > 0) return
    this.state = { ...this.state, ingestDate }
    await this.deps.catalog.registerPartition(name, version, ingestDate)
  }

  private async keep(state: Replay): Promise<void> {
    this.state = state
    if (!this.isDryRun) await this.deps.replays.replace(state)
  }
}

/* The replay that is to go on; one that is shown already comes back complete. */
async function resumeOrStart(
  route: Route,
  range: PositionRange,
  deps: ReplayDeps,
): Promise<Replay | undefined> {
  const { table } = route
  const contract = contractDigest(table)
  for (const known of await deps.replays.of(table.name, table.version)) {
    const isOfContract = known.contract === contract
    const isThis = isOfContract && known.from === (range.from ?? null) && known.to === (range.to ?? null)
    if (known.state === 'running' && (await isPublished(known, deps))) {
      const ended = await showReplay(known, { table, isOfContract }, deps)
      if (isThis) return ended
    } else if (known.state === 'leaving' || (known.state === 'running' && !isOfContract))
      await abandon(known, table, deps)
    else if (known.state === 'running' && isThis) return known
  }
  return deps.alone(async () => {
    const { catalog, replays } = deps
    const entry = await catalog.entry(table.name, table.version)
    const revision = await nextRevision(table, {
      catalog: { entries: async () => [entry] },
      ledger: { all: () => replays.of(table.name, table.version) },
    })
    const begun = { ...newReplay(route, range, deps), revision }
    await replays.replace(begun)
    return begun
  })
}

function newReplay({ table }: Route, { from, to }: PositionRange, { now }: ReplayDeps): Replay {
  const startedAt = new Date(now()).toISOString()
  return {
    format: 1,
    table: table.name,
    version: table.version,
    contract: contractDigest(table),
    from: from ?? null,
    to: to ?? null,
    revision: 1,
    state: 'running',
    ingestDate: startedAt.slice(0, 10),
    startedAt,
    after: null,
    done: 0,
    pages: null,
    first: null,
    since: null,
    landedAgain: [],
    changes: 0,
    rows: 0,
    refused: 0,
    files: [],
  }
}

/* Both halves of a key update are one change, and its place is that of the first. */
function wholeChanges({ from, to }: PositionRange): PositionRange {
  return {
    ...(from === undefined ? {} : { from: firstStep(from) }),
    ...(to === undefined ? {} : { to: firstStep(to) }),
  }
}

function firstStep(position: Position): Position {
  return `${position.slice(0, -1)}0`
}

function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** Where a replay is. */
interface ReplayPlace {
  readonly revision: number
  /** Day of the partition that its files are in. */
  readonly ingestDate: string
  /** Pages that are done. */
  readonly done: number
}

/** Key of the file that the next chunk of a replay makes. */
function replayFileKey({ revision, ingestDate, done }: ReplayPlace, table: Table): string {
  const name = `${replayFileName(revision)}${String(done).padStart(8, '0')}.parquet`
  return `${catalogTable(table).location}/ingest_date=${ingestDate}/${name}`
}
