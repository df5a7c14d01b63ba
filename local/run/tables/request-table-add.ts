import type { ClientBase } from 'pg'
import { contractDigests } from '../../../core/contract/language/contract-digest.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { TablesAdded } from '../../../core/operations/answers.ts'
import type { Documents } from '../../../core/ports/documents.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { findSourceTables } from '../../../engine/postgres/catalog/source-catalog.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { LoadDocuments } from '../../../state/documents/load-documents.ts'
import { askRun } from '../../pipeline/ask-run.ts'
import { folderHolder, lockFolder } from '../../pipeline/folder-lock.ts'
import { runFolder } from '../../state/run-folder.ts'
import { RunState } from '../../state/run-state.ts'
import { storedRun, writeState } from '../../state/state-file.ts'
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
  const state = await storedRun(runFolder(dir))
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

async function noteTables(request: AddTablesRequest, options: RequestTableAddOptions): Promise<TablesAdded> {
  const { dir, source } = options
  if (source === undefined)
    throw new PipelineError(
      'run/not-running',
      `nothing runs in ${dir} that could capture a table now; with --source the table is checked and noted for the next start`,
    )
  const lock = await lockFolder(dir)
  try {
    const client = await connectSource(source, { applicationName: 'tidemark check' })
    try {
      return await writeState(runFolder(dir), ({ documents }) =>
        planNote(client, request, documents, options),
      )
    } finally {
      await closeClient(client)
    }
  } finally {
    await lock.release()
  }
}

async function planNote(
  client: ClientBase,
  request: AddTablesRequest,
  documents: Documents,
  { dir, written }: RequestTableAddOptions,
): Promise<TablesAdded> {
  const { isDryRun, isLoaded, tables } = request
  const state = await stateOf(client, documents, dir)
  const { loads, added } = state.data
  const plan = await planTables(client, request, {
    state,
    captured: new Map(Object.entries(loads).map(([name, { oid }]) => [name, oid])),
    sources: (await findSourceTables(client, tables, [...Object.keys(loads), ...added])).tables,
    loads: await new LoadDocuments(documents).all(),
    written,
    folder: runFolder(dir),
  })
  if (!isDryRun) await note(plan, state, isLoaded)
  return {
    isDryRun,
    tables: addedTables(plan, isDryRun ? 'planned' : 'at-next-start'),
    leftOut: plan.leftOut,
    interruption: null,
    load: null,
  }
}

/* A folder of another database must not follow tables of this one. */
async function stateOf(client: ClientBase, documents: Documents, dir: string): Promise<RunState> {
  const known = await RunState.read(documents)
  if (known === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  await RunState.read(documents, {
    ...known,
    source: { ...known.source, ...(await readIdentity(client)) },
  })
  return new RunState(documents, known)
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
