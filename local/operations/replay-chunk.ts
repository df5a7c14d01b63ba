import { createHash } from 'node:crypto'
import type { Block } from '../../core/block.ts'
import { decodeBlockHeader } from '../../core/block.ts'
import type { Change } from '../../core/change.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import { decodePage } from '../../core/page.ts'
import type { HistoryFile, ObjectStore, PositionRange, Quarantine } from '../../core/ports.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import type { Route } from '../../formatters/route.ts'
import { historyFiles } from '../../lake/history-file.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import { replayFileKey } from './replay-file-key.ts'
import type { ReplayState } from './replay-ledger.ts'

export interface ChunkRequest {
  /** Places in the feed of the raw store. */
  readonly pages: readonly number[]
  readonly range: PositionRange
  readonly route: Route
  readonly isDryRun: boolean
}

export interface ChunkDeps {
  readonly raw: Pick<FolderRawStore, 'page'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly objects: Pick<ObjectStore, 'put'>
}

/* Of one history file: memory holds one page as rows and the file so far. */
const CHUNK_PAGES = 16
const CHUNK_BYTES = 32 << 20
/** The largest lake row, with its header: as large as delivery takes it. */
export const MAX_REPLAY_ROW_BYTES = 32 << 20

/**
 * Formats the next pages of a replay into one history file, named by its place: a chunk that a crash cut off is
 * written again over itself. What is refused is in quarantine when it resolves.
 */
export async function replayChunk(
  state: ReplayState,
  { pages, range, route, isDryRun }: ChunkRequest,
  { raw, quarantine, objects }: ChunkDeps,
): Promise<ReplayState> {
  const { table } = route
  const file = openFile(table)
  const options = {
    maxBlockBytes: MAX_REPLAY_ROW_BYTES,
    revision: state.revision,
    origin: { origin: 'replay' } as const,
  }
  let { done, changes, refused } = state
  let rows = 0
  let bytes = 0
  for (const number of pages.slice(done, done + CHUNK_PAGES)) {
    const outcome = formatChanges(inRange(decodePage(await raw.page(number)), range), [route], options)
    if (outcome.refused.length > 0 && !isDryRun) await quarantine.put(outcome.refused)
    for (const block of outcome.blocks) {
      rows += block.rows
      bytes += block.text.length
      if (!isDryRun) addBlock(file, block)
    }
    done += 1
    changes += outcome.accepted.length + outcome.refused.length
    refused += outcome.refused.length
    if (bytes >= CHUNK_BYTES) break
  }
  const counted = { ...state, done, changes, refused, rows: state.rows + rows }
  if (isDryRun || rows === 0) return counted
  const key = replayFileKey(state, table)
  const { parts, bytes: size } = file.finish()
  await objects.put(key, parts)
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return { ...counted, files: [...state.files, { key, rows, bytes: size, sha256: hash.digest('hex') }] }
}

function* inRange(changes: Iterable<Change>, { from = '', to = '~' }: PositionRange): Generator<Change> {
  for (const change of changes) if (change.position >= from && change.position <= to) yield change
}

function openFile(table: Table): HistoryFile {
  const file = historyFiles([table])(table.name, table.version)
  if (file === undefined)
    throw new PipelineError('lake/unreadable', `${table.name} v${table.version} has no encoder`)
  return file
}

function addBlock(file: HistoryFile, { text }: Block): void {
  const end = text.indexOf(10)
  const header = decodeBlockHeader(text.toString('utf8', 0, end))
  if (header !== undefined) file.add(header, text.subarray(end + 1))
}
