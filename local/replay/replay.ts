import { resolve } from 'node:path'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadLedger } from '../../core/load/load.ts'
import type { ReplayResult } from '../../core/operations/answers.ts'
import type { Catalog, Clock, ObjectStore, PositionRange, Quarantine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { auditReplay } from '../../engine/replay/audit-replay.ts'
import { nextRevision } from '../../engine/replay/next-revision.ts'
import type { Route } from '../../formatters/route.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import { abandonReplay, dropStaleReplays, isDayOver } from './abandon-replay.ts'
import { bookReplay, type ReplayBooks } from './book-replay.ts'
import { releaseAccepted } from './release-accepted.ts'
import { replayChunk } from './replay-chunk.ts'
import { type LandAgain, replayLoadFile, storedLoad } from './replay-load.ts'
import type { ReplayState, ReplayStates } from './replay-state.ts'

export interface ReplayDeps {
  readonly raw: FolderRawStore
  readonly quarantine: Pick<Quarantine, 'put' | 'list' | 'release'>
  readonly objects: ObjectStore
  readonly catalog: Catalog
  readonly ledger: ReplayStates
  /** Loads, whose files are read again with the pages. */
  readonly loads: Pick<LoadLedger, 'all'>
  readonly landAgain: LandAgain
  readonly books: ReplayBooks
  /** Every contract there is, and the source table it reads. */
  readonly readers: readonly { readonly contract: string; readonly source: string }[]
  readonly maskKey: MaskKey
  /** Folder that holds `lake/`. */
  readonly root: string
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress?: (state: ReplayState) => void
}

export interface ReplayRequest {
  readonly table: Table
  readonly range: PositionRange
  readonly isDryRun: boolean
}

/**
 * Formats the raw changes and the newest load of a table again with today's contract, at a higher revision. Readers see the new reading
 * all at once, when every page is done and the files are audited; until then they see the old one. Interrupted, the
 * same call goes on where it stopped; a changed contract starts anew. Throws `lake/unreadable` when the audit fails,
 * and `lake/conflict` when compactions passed the day of its files: that replay is given up, and the next call starts anew.
 */
export async function replay(request: ReplayRequest, deps: ReplayDeps): Promise<ReplayResult> {
  const { raw, ledger, signal } = deps
  const { table, isDryRun } = request
  const range = wholeChanges(request.range)
  const route = { table, codec: rowCodec(table, deps.maskKey) }
  let state = await begin(table, range, deps)
  const pages = pagesIn(raw, table, range, state.rawPages)
  const load = await storedLoad(table, range, await deps.loads.all(), deps.objects)
  if (!isDryRun) {
    await dropStaleReplays(table, deps)
    await ledger.replace(state)
  }
  while (state.done < pages.length) {
    if (signal.aborted) return resultOf(state, isDryRun ? 'dry run' : 'interrupted')
    state = await replayChunk(state, { pages, range, route, isDryRun }, deps)
    if (!isDryRun) await ledger.replace(state)
    deps.onProgress?.(state)
  }
  while (load !== undefined && state.loadFiles < load.keys.length) {
    if (signal.aborted) return resultOf(state, isDryRun ? 'dry run' : 'interrupted')
    state = await replayLoadFile(state, load, { table, isDryRun, land: deps.landAgain, root: deps.root })
    if (!isDryRun) await ledger.replace(state)
    deps.onProgress?.(state)
  }
  if (isDryRun) return resultOf(state, 'dry run')
  await publish(state, { range, route }, deps)
  return resultOf(state, 'complete')
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

/* In the order they came, so that pages which come later change nothing before them. */
function pagesIn(
  raw: FolderRawStore,
  table: Table,
  range: PositionRange,
  rawPages: number,
): readonly number[] {
  return raw.pagesOf(table.source.table, range, rawPages).toSorted((left, right) => left - right)
}

async function begin(table: Table, range: PositionRange, deps: ReplayDeps): Promise<ReplayState> {
  const { raw, ledger, now } = deps
  const contract = contractDigest(table)
  const [from, to] = [range.from ?? null, range.to ?? null]
  /* Of what came since an interruption, another contract may have read some. */
  const extent = { rawPages: raw.length, pages: pagesIn(raw, table, range, raw.length).length }
  const entry = await entryOf(table, deps)
  const open = (await ledger.all()).find(
    (state) =>
      state.table === table.name &&
      state.version === table.version &&
      state.state === 'running' &&
      state.contract === contract &&
      state.from === from &&
      state.to === to &&
      !isDayOver(state, entry),
  )
  if (open !== undefined) return { ...open, ...extent }
  const at = new Date(now()).toISOString()
  return {
    format: 1,
    table: table.name,
    version: table.version,
    contract,
    from,
    to,
    revision: await nextRevision(table, deps),
    state: 'running',
    ingestDate: at.slice(0, 10),
    ...extent,
    done: 0,
    loadFiles: 0,
    landedAgain: [],
    changes: 0,
    rows: 0,
    refused: 0,
    files: [],
    startedAt: at,
  }
}

/* One catalog update shows the reading. Then what waited and is in the lake now leaves quarantine. */
async function publish(
  state: ReplayState,
  { range, route }: { readonly range: PositionRange; readonly route: Route },
  deps: ReplayDeps,
): Promise<void> {
  const { catalog, ledger, root, quarantine } = deps
  try {
    if (state.files.length > 0 && isDayOver(state, await entryOf(route.table, deps)))
      throw new PipelineError('lake/conflict', `${state.table}: a compaction passed the day of the replay`)
    await auditReplay(state, async (key) => resolve(root, key))
  } catch (error) {
    await abandonReplay(state, route.table, deps)
    throw error
  }
  if (state.files.length > 0) await catalog.registerPartition(state.table, state.version, state.ingestDate)
  await catalog.publishRevision(state.table, state.version, state.revision)
  await releaseAccepted(route, range, quarantine)
  await bookReplay(state, { table: route.table, range }, deps)
  await ledger.replace({ ...state, state: 'complete' })
}

async function entryOf({ name, version }: Table, { catalog }: Pick<ReplayDeps, 'catalog'>) {
  const entries = await catalog.entries()
  return entries.find(({ table }) => table.name === name && table.version === version)
}

function resultOf(state: ReplayState, outcome: ReplayResult['state']): ReplayResult {
  const { table, version, revision, changes, rows, refused, pages } = state
  return {
    table,
    version,
    revision: outcome === 'dry run' ? null : revision,
    state: outcome,
    pages,
    changes,
    rows,
    refused,
  }
}
