import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { parsePosition } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder, replaceFile } from '../../engine/files/durable.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { storedContracts } from '../contracts/choose-contracts.ts'
import { CHECKPOINT, lostLedger } from '../ledger/live-items.ts'
import type { SqliteItems } from '../sqlite/sqlite-items.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { RunState } from '../state/run-state.ts'
import { readDocuments, storedEntries, storedRun, writeState } from '../state/state-file.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { moveAside } from '../stores/move-aside.ts'
import { type Damage, examineFolder, STATE_FILE } from './examine-folder.ts'
import { rebuildCatalog } from './rebuild-catalog.ts'
import { type Remedy, remedyOf } from './remedies.ts'

const IN_STATE_FILE = `${STATE_FILE}/`

export interface RepairOptions {
  /** Contracts that are written; inferred ones are in the folder. */
  readonly contracts: readonly Table[]
  /** Every table will be loaded again in a new epoch: then nothing depends on the state of capture. */
  readonly isReload?: boolean
  readonly log: Logger
  readonly now: Clock
}

/** A file that was lost or damaged, and what came of it. */
export interface Repair extends Damage {
  readonly says: string
}

export interface Repaired {
  readonly repairs: readonly Repair[]
  /** The lowest epoch that outranks all that is in the lake, when the state of capture is lost. */
  readonly epoch: number | undefined
}

/**
 * Makes again what is lost or damaged of the state of a folder that this process alone may write; what was damaged is kept
 * below `damaged/`. A stop at any point leaves damage that the next call finds. Throws `run/damaged` for what the rest of the
 * folder does not say, before anything is changed, and `run/contract-missing` for a lake whose contracts are not given.
 */
export async function repairFolder(folder: RunFolder, options: RepairOptions): Promise<Repaired> {
  const { isReload = false, log, now } = options
  const damages = await examineFolder(folder)
  const isGivenUp = ({ name }: Damage) => isReload && name === `${IN_STATE_FILE}run`
  const hopeless = damages.find((one) => remedyOf(one.name).remedy === 'none' && !isGivenUp(one))
  if (hopeless !== undefined)
    throw new PipelineError(
      'run/damaged',
      `${hopeless.name} in ${folder.root} is ${hopeless.state}: ${remedyOf(hopeless.name).says}`,
    )
  const at = new Date(now()).toISOString()
  const aside = async (name: string) => {
    if (name.startsWith(IN_STATE_FILE)) await takeAside(folder, name, at)
    else await moveAside(folder.root, name, at)
  }
  const steps: Record<Remedy, (name: string) => Promise<void>> = {
    catalog: (name) => mendCatalog(folder, name, { ...options, at }),
    ledger: (name) => takeLedgerAside(folder, name, at),
    load: (name) => giveUpLoad(folder, name, aside),
    replay: (name) => giveUpReplay(folder, name, aside),
    anew: aside,
    none: aside,
  }
  const repairs: Repair[] = []
  for (const damage of inOrder(damages)) {
    const { remedy, says } = remedyOf(damage.name)
    await steps[remedy](damage.name)
    log.warn('folder.repaired', { file: damage.name, was: damage.state, now: says })
    repairs.push({ ...damage, says })
  }
  const isLost = damages.some(isGivenUp)
  return { repairs, epoch: isLost ? (await highestEpoch(folder)) + 1 : undefined }
}

/* The catalog is made of the ledgers of loads, replays and compactions, and must find theirs as they are. */
function inOrder(damages: readonly Damage[]): readonly Damage[] {
  const isCatalog = ({ name }: Damage) => remedyOf(name).remedy === 'catalog'
  return [...damages.filter(isCatalog), ...damages.filter((one) => !isCatalog(one))]
}

async function mendCatalog(
  folder: RunFolder,
  name: string,
  { contracts, at }: Pick<RepairOptions, 'contracts'> & { readonly at: string },
): Promise<void> {
  await makeFolder(folder.scratch)
  const engine = await DuckEngine.open({ temporary: folder.scratch })
  try {
    const tables = await lakeContracts(folder, contracts)
    const entries = await readDocuments(folder, (documents) =>
      rebuildCatalog(folder, { tables, documents, engine }),
    )
    await writeState(folder, async ({ catalog }) => {
      await keepItems(asidePath(folder, name, at), catalog.items)
      await catalog.restore(entries)
    })
  } finally {
    engine.close()
  }
}

/* Contracts of this folder, written and inferred, of tables that the lake has files of. */
async function lakeContracts(folder: RunFolder, written: readonly Table[]): Promise<readonly Table[]> {
  const system = (await storedRun(folder))?.source.name
  const own = written.filter((table) => table.source.system === system)
  const isWritten = (table: Table) => own.some((one) => one.source.table === table.source.table)
  const inferred = (await storedContracts(folder.contracts)).filter((table) => !isWritten(table))
  const keys = await new FolderObjects(folder.root).list('lake/')
  const isThere = ({ name, version }: Table) =>
    keys.some((key) => key.startsWith(`lake/${name.replace('.', '/')}_v${version}_`))
  return [...own, ...inferred].filter(isThere)
}

/* Kept before it is taken out: cut off in between, it is kept twice. */
function takeAside(folder: RunFolder, name: string, at: string): Promise<void> {
  return writeState(folder, async ({ documents }) => {
    const key = name.slice(IN_STATE_FILE.length)
    const lines = await documents.asFound(key)
    const path = asidePath(folder, name, at)
    await makeFolder(dirname(path))
    await replaceFile(path, [Buffer.from(lines.map((line) => `${line}\n`).join(''))])
    await documents.takeOut(key)
  })
}

/* With the last item that is kept it goes, and who opens it next makes it again of the rest. */
function takeLedgerAside(folder: RunFolder, name: string, at: string): Promise<void> {
  return writeState(folder, async ({ ledger }) => {
    await keepItems(asidePath(folder, name, at), ledger)
    await ledger.replaceAll([lostLedger(checkpointIn(ledger))])
  })
}

function asidePath({ damaged }: RunFolder, name: string, at: string): string {
  return join(damaged, at.replace(/[:.]/g, '-'), `${name}.json`)
}

/* Every item as it is, a line each. */
async function keepItems(path: string, items: SqliteItems): Promise<void> {
  await makeFolder(dirname(path))
  const file = await open(path, 'w', 0o600)
  try {
    for await (const item of items.asFound()) await file.write(`${JSON.stringify(item)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

/* Undefined where it is none, or is damaged itself. */
function checkpointIn(ledger: SqliteItems): number | undefined {
  try {
    return Number(ledger.peek(CHECKPOINT)?.['pages'] ?? 0)
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'ledger/corrupt') return undefined
    throw error
  }
}

/* Its files would be taken for somebody else's; tables that it was the newest load of wait for another one. */
async function giveUpLoad(
  folder: RunFolder,
  name: string,
  aside: (name: string) => Promise<void>,
): Promise<void> {
  const id = name.replace(`${IN_STATE_FILE}loads/`, '')
  const files = await new FolderObjects(folder.root).list(`landing/loads/${id}/`)
  const tables = new Set(files.flatMap((key) => parseLoadFileName(key)?.table ?? []))
  if (tables.size > 0)
    await writeState(folder, async ({ documents }) => {
      const known = await RunState.read(documents)
      if (known === undefined) return
      const loads = Object.entries(known.loads).map(([table, load]) => [
        table,
        tables.has(table) ? { ...load, state: 'waiting' as const } : load,
      ])
      await new RunState(documents, known).update({ loads: Object.fromEntries(loads) })
    })
  await aside(`landing/loads/${id}`)
  await aside(name)
}

/* The files of a replay that was never shown: with its number given again they would be taken for the next one's. */
async function giveUpReplay(
  folder: RunFolder,
  name: string,
  aside: (name: string) => Promise<void>,
): Promise<void> {
  const [, table = '', version = '', revision = ''] = /\/replays\/(.+)\.v(\d+)\.r(\d+)$/.exec(name) ?? []
  const entries = await storedEntries(folder)
  const entry = entries.find((one) => one.table.name === table && String(one.table.version) === version)
  if (entry !== undefined && !entry.revisions.includes(Number(revision)))
    for (const key of await new FolderObjects(folder.root).list(`${entry.table.location}/`))
      if (key.includes(`/replay-r${revision}-`)) await aside(key)
  await aside(name)
}

async function highestEpoch(folder: RunFolder): Promise<number> {
  const entries = await storedEntries(folder)
  const positions = entries.flatMap(({ floors, base }) => [
    ...floors.map(({ position }) => position),
    ...(base === null ? [] : [base.position]),
  ])
  return Math.max(1, ...positions.map((position) => parsePosition(position).epoch))
}
