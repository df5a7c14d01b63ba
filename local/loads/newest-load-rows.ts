import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Change } from '../../core/change.ts'
import { loadPrefix } from '../../core/load/load.ts'
import type { Position } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { storedLoads } from '../state/state-file.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { EngineRoom, roomFor } from './engine-room.ts'
import { readLoadRows } from './read-load-rows.ts'

/**
 * Up to `limit` rows of the newest load of a source table whose files are there, finished or not, as changes; none when
 * there is no such load. Writes nothing below the run's folder. Throws `landing/corrupt` and `lake/unreadable`.
 */
export async function* newestLoadRows(
  folder: RunFolder,
  table: string,
  limit: number,
): AsyncGenerator<Change> {
  const objects = new FolderObjects(folder.root)
  const found = await newestLoad(folder, objects, table)
  if (found === undefined) return
  const temporary = await mkdtemp(join(tmpdir(), 'tidemark-rows-'))
  let left = limit
  let engine: DuckEngine | undefined
  try {
    engine = await DuckEngine.open({ temporary, memory: `${roomFor(0)}MB` })
    const room = new EngineRoom([engine])
    const options = {
      engine,
      files: new FolderFiles(objects, temporary),
      table,
      position: found.position,
      makeRoom: (columns: number) => room.make(columns),
    }
    for (const key of found.keys) {
      if (left <= 0) return
      for await (const change of readLoadRows(key, { ...options, limit: left })) {
        left -= 1
        yield change
      }
    }
  } finally {
    engine?.close()
    await rm(temporary, { recursive: true, force: true })
  }
}

async function newestLoad(
  folder: RunFolder,
  objects: FolderObjects,
  table: string,
): Promise<{ readonly keys: readonly string[]; readonly position: Position } | undefined> {
  const loads = await storedLoads(folder)
  for (const { id, tables } of loads.toReversed()) {
    const position = tables.find((known) => known.table === table)?.position ?? null
    if (position === null) continue
    const keys = await objects.list(`${loadPrefix(id, table)}/`)
    if (keys.length > 0) return { keys, position }
  }
  return undefined
}
