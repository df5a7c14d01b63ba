import type { ClientBase } from 'pg'
import { contractDigests } from '../../../core/contract/language/contract-digest.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { TablesAdded } from '../../../core/operations/answers.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { findSourceTables } from '../../../engine/postgres/catalog/source-catalog.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { askRun } from '../../pipeline/ask-run.ts'
import { folderHolder, lockFolder } from '../../pipeline/folder-lock.ts'
import { runFolder } from '../../state/run-folder.ts'
import { RunState } from '../../state/run-state.ts'
import { storedLoads } from '../../state/state-file.ts'
import { addedTables, newLoads } from './add-tables.ts'
import { readIdentity } from './inspect-source.ts'
import { type AddTablesRequest, checkTableNames, planTables, type TablesPlan } from './plan-tables.ts'

export interface RequestTableAddOptions {
  readonly dir: string
  /** Source tables, `schema.table`, or names of contracts, which go first. */
  readonly names: readonly string[]
  readonly isLoaded: boolean
  readonly isDryRun: boolean
  readonly written: readonly Table[]
  /** For a folder where nothing runs: to check the tables now. */
  readonly source: Source | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}

/**
 * Adds tables to the pipeline of a folder: the process that runs there does it at once; where none runs, the tables are
 * checked at the source and noted, and the next start captures and loads them. Throws `run/not-found`, `run/not-running`
 * when nothing runs and no source was given, and what `addTables` throws.
 */
export async function requestTableAdd(options: RequestTableAddOptions): Promise<TablesAdded> {
  const { dir, names, written, isLoaded, isDryRun } = options
  const state = await RunState.read(runFolder(dir).state)
  if (state === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  const tables = sourceTables(names, written, state.source.name)
  checkTableNames(tables)
  const own = written.filter(
    ({ source }) => source.system === state.source.name && tables.includes(source.table),
  )
  const [request, contracts] = [{ tables, isLoaded, isDryRun }, contractDigests(own)]
  if ((await folderHolder(dir)) === undefined) return noteTables({ ...request, contracts }, options)
  return askRun(dir, { operation: { kind: 'table-add', ...request }, contracts }, options)
}

async function noteTables(
  request: AddTablesRequest,
  { dir, source, written }: RequestTableAddOptions,
): Promise<TablesAdded> {
  if (source === undefined)
    throw new PipelineError(
      'run/not-running',
      `nothing runs in ${dir} that could capture a table now; with --source the table is checked and noted for the next start`,
    )
  const folder = runFolder(dir)
  const lock = await lockFolder(dir)
  const client = await connectSource(source, { applicationName: 'tidemark check' }).catch(
    async (error: unknown) => {
      await lock.release()
      throw error
    },
  )
  try {
    const state = await stateOf(client, dir)
    const { loads, added } = state.data
    const plan = await planTables(client, request, {
      state,
      captured: new Map(Object.entries(loads).map(([name, { oid }]) => [name, oid])),
      sources: (await findSourceTables(client, request.tables, [...Object.keys(loads), ...added])).tables,
      loads: await storedLoads(folder),
      written,
      folder,
    })
    const { isDryRun } = request
    if (!isDryRun) await note(plan, state, request.isLoaded)
    return {
      isDryRun,
      tables: addedTables(plan, isDryRun ? 'planned' : 'at-next-start'),
      leftOut: plan.leftOut,
      interruption: null,
      load: null,
    }
  } finally {
    await closeClient(client)
    await lock.release()
  }
}

/* A folder of another database must not follow tables of this one. */
async function stateOf(client: ClientBase, dir: string): Promise<RunState> {
  const { state: path } = runFolder(dir)
  const known = await RunState.read(path)
  if (known === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  await RunState.read(path, { ...known, source: { ...known.source, ...(await readIdentity(client)) } })
  return new RunState(path, known)
}

async function note(
  { tables, fresh, unread }: TablesPlan,
  state: RunState,
  isLoaded: boolean,
): Promise<void> {
  const names = fresh.map(sourceTableName)
  const noted = tables.filter(
    (table) => fresh.includes(table) || (isLoaded && unread.includes(sourceTableName(table))),
  )
  await state.update({
    added: [...new Set([...state.data.added, ...names])],
    loads: { ...state.data.loads, ...newLoads(noted, isLoaded) },
  })
}

/* A contract's name goes before a table's: whoever has both under one name means the contract's source. */
function sourceTables(
  names: readonly string[],
  written: readonly Table[],
  system: string,
): readonly string[] {
  const found = names.map(
    (name) =>
      written.find((table) => table.name === name && table.source.system === system)?.source.table ?? name,
  )
  return [...new Set(found)]
}
