import type { ObjectStore, PositionRange, Quarantine } from '../../core/ports/ports.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'
import { formatPages } from '../../engine/replay/format-pages.ts'
import { replayFileKey } from '../../engine/replay/replay-file-key.ts'
import type { Route } from '../../formatters/route.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import type { ReplayState } from './replay-state.ts'

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

/**
 * Formats the next pages of a replay into one history file, named by its place: a chunk that a crash cut off is
 * written again over itself. What is refused is in quarantine when it resolves.
 */
export async function replayChunk(
  state: ReplayState,
  { pages, range, route, isDryRun }: ChunkRequest,
  { raw, quarantine, objects }: ChunkDeps,
): Promise<ReplayState> {
  const places = pages.slice(state.done).values()
  const next = async () => {
    const { value } = places.next()
    return value === undefined ? undefined : raw.page(value)
  }
  const { revision } = state
  const request = { route, revision, range, isDryRun, maxBlockBytes: MAX_ROW_JSON_BYTES }
  const chunk = await formatPages(next, request, quarantine)
  const counted = {
    ...state,
    done: state.done + chunk.pages,
    changes: state.changes + chunk.changes,
    rows: state.rows + chunk.rows,
    refused: state.refused + chunk.refused,
  }
  if (chunk.file === undefined) return counted
  const key = replayFileKey(state, route.table)
  const { parts, rows, bytes, sha256 } = chunk.file
  await objects.put(key, parts)
  return { ...counted, files: [...state.files, { key, rows, bytes, sha256 }] }
}
