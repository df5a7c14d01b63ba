import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, type Load, loadState } from '../../core/load/load.ts'
import { readJsonFile } from '../../local/documents/json-file.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { runStatus } from '../../local/run/status/run-status.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { storedLoads } from '../../local/state/state-file.ts'
import type { Output } from '../terminal/output.ts'
import { LoadScreen } from '../view/load-screen.ts'

const POLL_MS = 500

/** Follows a load of a folder until it is over. Throws `load/not-found`, and `run/not-running` when nobody goes on with it. */
export async function watchLoad(dir: string, id: string, output: Output): Promise<Load> {
  const screen = new LoadScreen(output, Date.now)
  for (;;) {
    const load = findLoad(await readLoads(dir), id)
    if (isOver(loadState(load))) {
      screen.clear()
      return load
    }
    if ((await folderHolder(dir)) === undefined)
      throw new PipelineError('run/not-running', `load ${id} goes on when the pipeline of ${dir} runs`)
    screen.show(load)
    await sleep(POLL_MS)
  }
}

/** The loads of the ledger, with the counts between two of its entries from the status of the process that loads. */
export async function readLoads(dir: string): Promise<readonly Load[]> {
  const folder = runFolder(dir)
  const [loads, status] = await Promise.all([storedLoads(folder), readJsonFile(folder.status, runStatus)])
  return loads.map((load) => ({
    ...load,
    tables: load.tables.map((table) => {
      const live = status?.loading.find(({ id, table: name }) => id === load.id && name === table.table)
      const isBehind = table.state === 'loading' && !table.isRead && (live?.rows ?? 0) > table.rows
      return isBehind && live !== undefined ? { ...table, rows: live.rows, bytes: live.bytes } : table
    }),
  }))
}

/** Throws `load/not-found`. */
export function findLoad(loads: readonly Load[], id: string): Load {
  const found = loads.find((load) => load.id === id)
  if (found === undefined) throw new PipelineError('load/not-found', `no load ${id}`)
  return found
}
