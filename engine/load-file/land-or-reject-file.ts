import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadFile } from '../../core/load/load.ts'
import type { Ledger, ObjectFiles } from '../../core/ports/ports.ts'
import { setAside } from '../../ingest/land/set-aside.ts'
import { type LandTableFileDeps, type LandTableFileRequest, landTableFile } from './land-table-file.ts'

export interface LandOrRejectFileDeps extends LandTableFileDeps {
  readonly ledger: Pick<Ledger, 'recordLoadFile'>
}

export interface ArrivedFile extends Omit<LandTableFileRequest, 'revision'> {
  readonly load: string
}

/** What a landed file of a load counts, for each contract by `name vN`. */
export type LandedFile = Pick<LoadFile, 'rows' | 'landed' | 'refused' | 'history'>

/**
 * Lands one file of a load (`landTableFile`), and the ledger knows it then; or sets it aside whole and resolves with the
 * reason, when it cannot be read. The same file again changes nothing.
 */
export async function landOrRejectFile(
  { load, ...file }: ArrivedFile,
  deps: LandOrRejectFileDeps,
): Promise<LandedFile | PipelineError> {
  const { ledger, quarantine, files } = deps
  const { key, table } = file
  try {
    const { history, ...counts } = await landTableFile({ ...file, revision: 0 }, deps)
    await ledger.recordLoadFile({ load, key, table, ...counts, files: history })
    return { ...counts, history: history.flatMap(({ added }) => added.map((one) => one.key)) }
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'landing/corrupt') throw error
    await setAside(key, { error, table }, { quarantine, move: moveFile(files) })
    return error
  }
}

/** Brings a large object to another key without holding it in memory. */
export function moveFile(files: Pick<ObjectFiles, 'read' | 'publish'>) {
  return async (key: string, aside: string): Promise<void> => {
    await files.publish(await files.read(key), aside)
  }
}
