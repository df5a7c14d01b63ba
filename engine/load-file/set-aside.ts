import { PipelineError } from '../../core/failures/failures.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'
import type { Logger, ObjectFiles, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'

export interface SetAsideDeps {
  readonly objects: Pick<ObjectStore, 'list'>
  readonly files: Pick<ObjectFiles, 'read' | 'publish'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
}

const LOADS = 'landing/loads/'

/**
 * Takes a load file out of the landing prefix, whole, into `landing/rejected/loads/`, with an entry in quarantine that
 * says why. The entry comes first: cut off between the two, the next call does both again.
 */
export async function setAside(
  key: string,
  { code, message }: PipelineError,
  { files, quarantine, log }: Omit<SetAsideDeps, 'objects'>,
): Promise<void> {
  log.warn('load.refused', { code, key })
  const object = `landing/rejected/loads/${key.slice(LOADS.length)}`
  const source = parseLoadFileName(key)?.table ?? null
  await quarantine.put([
    {
      ...{ id: `landing#${key}`, stage: 'landing', table: source, contract: null, position: null },
      ...{ reasons: [{ code, path: '', message }], payload: JSON.stringify({ object }), encoding: 'json' },
    },
  ])
  await files.publish(await files.read(key), object)
}

/**
 * Sets aside what lies among the load files and no load that was started here wrote: a replay of its table would take
 * such a file for rows of the source. Resolves with its keys.
 */
export async function setForeignAside(
  loads: () => readonly Load[],
  deps: SetAsideDeps,
): Promise<readonly string[]> {
  const aside: string[] = []
  const keys = await deps.objects.list(LOADS)
  const tablesOf = new Map(
    loads().map(({ id, tables }) => [id, new Map(tables.map((one) => [one.table, one]))]),
  )
  for (const key of keys) {
    const fault = faultOf(key, tablesOf)
    if (fault === undefined) continue
    await setAside(key, new PipelineError('landing/foreign', `${key}: ${fault}`), deps)
    aside.push(key)
  }
  return aside
}

function faultOf(
  key: string,
  loads: ReadonlyMap<string, ReadonlyMap<string, TableLoad>>,
): string | undefined {
  const name = parseLoadFileName(key)
  if (name === undefined)
    return 'expected the name of a load file, landing/loads/<load>/<schema>/<table>/LOAD<n>.parquet'
  const load = loads.get(name.load)
  if (load === undefined) return `no load ${name.load} was started here`
  const table = load.get(name.table)
  if (table === undefined) return `load ${name.load} does not read ${name.table}`
  /* Until then it may be one that is written just now; a table that is read again loses it anyway. */
  const isKnown = table.state !== 'complete' || table.files.some((file) => file.key === key)
  return isKnown ? undefined : `load ${name.load} is complete without it`
}
