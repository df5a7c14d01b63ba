import { PipelineError } from '../../../core/failures/failures.ts'
import { noVolume, type TableVolume, type Volume } from '../../../cost/volume.ts'
import { readJsonFile } from '../../documents/json-file.ts'
import { meterFile } from '../../pipeline/meter.ts'
import { runFolder } from '../../state/run-folder.ts'
import { storedEntries } from '../../state/state-file.ts'
import { runStatus } from './run-status.ts'

export interface MeteredVolume extends Volume {
  /** ISO 8601 UTC. */
  readonly since: string
}

/**
 * What a run has metered, and the base that its lake holds, by source table; also beside the process that writes. Throws
 * `run/not-found` for a folder without a run, `cost/nothing-metered` while no change was.
 */
export async function meteredVolume(dir: string): Promise<MeteredVolume> {
  const folder = runFolder(dir)
  const reading = await readJsonFile(folder.meter, meterFile)
  if (reading === undefined && (await readJsonFile(folder.status, runStatus)) === undefined)
    throw new PipelineError('run/not-found', `no run in ${dir}`)
  const { since = '', seconds = 0, tables = {} } = reading ?? {}
  if (seconds === 0 || Object.values(tables).every(({ changes }) => changes === 0))
    throw new PipelineError('cost/nothing-metered', `the run in ${dir} has metered no change`)
  const merged: Record<string, TableVolume> = { ...tables }
  for (const { table, base } of await storedEntries(folder)) {
    const known = merged[table.source] ?? noVolume
    const files = base === null ? [] : [...base.parts.flatMap((part) => part.files), ...base.tombstones]
    const baseBytes = known.baseBytes + files.reduce((sum, { bytes }) => sum + bytes, 0)
    merged[table.source] = { ...known, baseRows: known.baseRows + (base?.rows ?? 0), baseBytes }
  }
  return { since, seconds, tables: merged }
}
