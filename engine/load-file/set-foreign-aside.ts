import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import type { Logger, ObjectFiles, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { setAside } from '../../ingest/land/set-aside.ts'
import { fileOfLoad, foreign, type TablesByName, tablesByName } from '../../ingest/loads/file-of-load.ts'
import { moveFile } from './land-or-reject-file.ts'

export interface SetForeignAsideDeps {
  readonly objects: Pick<ObjectStore, 'list'>
  readonly files: Pick<ObjectFiles, 'read' | 'publish'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
}

/**
 * Sets aside what lies among the load files and no load that was started here wrote: a replay of its table would take
 * such a file for rows of the source. Resolves with its keys.
 */
export async function setForeignAside(
  loads: () => readonly Load[],
  { objects, files, quarantine, log }: SetForeignAsideDeps,
): Promise<readonly string[]> {
  const aside: string[] = []
  const keys = await objects.list('landing/loads/')
  const known = new Map(loads().map((load) => [load.id, tablesByName(load)]))
  for (const key of keys) {
    const error = await faultOf(key, known)
    if (error === undefined) continue
    log.warn('load.refused', { code: error.code, key })
    const table = parseLoadFileName(key)?.table ?? null
    await setAside(key, { error, table }, { quarantine, move: moveFile(files) })
    aside.push(key)
  }
  return aside
}

async function faultOf(
  key: string,
  loads: ReadonlyMap<string, TablesByName>,
): Promise<PipelineError | undefined> {
  try {
    const { name, table } = await fileOfLoad(key, async (id) => loads.get(id))
    /* Until then it may be one that is written just now; a table that is read again loses it anyway. */
    const isKnown = table.state !== 'complete' || table.files.some((file) => file.key === key)
    return isKnown ? undefined : foreign(key, `load ${name.load} is complete without it`)
  } catch (error) {
    if (error instanceof PipelineError) return error
    throw error
  }
}
