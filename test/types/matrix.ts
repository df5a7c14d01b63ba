import { join } from 'node:path'
import type pg from 'pg'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import type { Scratch } from '../local/sample/scratch.ts'
import { type Reading, readHistoryFiles, readWithDuckdb } from './lake-readers.ts'
import { LoadFiles } from './load-readers.ts'
import { type FinishedRun, hasExtension, runOnce } from './matrix-run.ts'
import { oddDefaults, openWriter, writeChanges, writeLoad } from './matrix-source.ts'
import { type Cell, isSameBag, type TableEvidence } from './observe.ts'
import { observeKeys } from './observe-keys.ts'
import { observeValues } from './observe-values.ts'
import { askOracle, openOracle } from './oracle.ts'
import { changesOf, formatAgain, formatChangesAgain, reland } from './raw-readers.ts'
import { caseName, type TypeCase } from './type-case.ts'
import { measuredCases } from './type-cases.ts'

/** What the run showed of one type. */
export interface MeasuredType {
  readonly given: TypeCase
  /** The server does not offer the type: nothing was measured. */
  readonly isSkipped: boolean
  readonly cells: readonly Cell[]
  readonly table: TableEvidence['table'] | undefined
  readonly keyTable: TableEvidence['table'] | undefined
}

export interface Matrix {
  readonly run: FinishedRun
  readonly types: readonly MeasuredType[]
}

/** Writes every case into a new server, runs the pipeline on it once, and reads what became of each value. */
export async function measureMatrix(scratch: Scratch): Promise<Matrix> {
  const server = await scratch.startCopied('matrix')
  const skipped = await prepare(server.url)
  const cases = measuredCases.map((given, index) => ({
    given,
    index,
    isSkipped: skipped.has(given.extension ?? ''),
  }))
  const present = cases.filter(({ isSkipped }) => !isSkipped)
  const writer = await openWriter(server.url)
  for (const { given, index } of present) await writeLoad(writer, given, index)
  const run = await runOnce({
    url: server.url,
    dir: join(scratch.folder, 'run'),
    patterns: ['kinds.*', 'keys.*'],
    name: 'matrix',
    changes: async () => {
      for (const { given, index } of present) await writeChanges(writer, given, index)
    },
  })
  await writer.end()
  const session = await LakeSession.open({ folder: run.dir, entries: run.entries })
  const loads = await LoadFiles.open(run.dir, join(scratch.folder, 'landed-again'))
  const oracle = await openOracle(server.url)
  try {
    const types: MeasuredType[] = []
    for (const { given, index, isSkipped } of cases) {
      if (isSkipped) types.push({ given, isSkipped, cells: [], table: undefined, keyTable: undefined })
      else types.push(await measure(given, caseName(index, given), { run, session, loads, oracle }))
    }
    return { run, types }
  } finally {
    session.close()
    loads.close()
    await oracle.end()
  }
}

/* Resolves with the extensions that the server does not have. */
async function prepare(url: string): Promise<ReadonlySet<string>> {
  const client = await openWriter(url)
  await client.query(`CREATE SCHEMA kinds; CREATE SCHEMA keys; CREATE SCHEMA truth; ${oddDefaults}`)
  const missing = new Set<string>()
  for (const name of new Set(measuredCases.flatMap(({ extension }) => extension ?? []))) {
    if (await hasExtension(client, name)) await client.query(`CREATE EXTENSION ${name}`)
    else missing.add(name)
  }
  await client.end()
  return missing
}

interface Measuring {
  readonly run: FinishedRun
  readonly session: LakeSession
  readonly loads: LoadFiles
  readonly oracle: pg.Client
}

async function measure(given: TypeCase, name: string, measuring: Measuring): Promise<MeasuredType> {
  const { oracle } = measuring
  const text = given.text ?? 'v'
  const values = await evidenceOf(`kinds.${name}`, measuring)
  const type = values.table.columns['v']?.type ?? { kind: 'string' }
  const truths = await askOracle(oracle, `kinds.${name}`, { id: 'id', text, type })
  const byId = new Map(truths.map((truth) => [Number(truth.id), truth]))
  const cells = [...observeValues(given, values, byId), ...(await observeAgain(values, measuring))]
  if (given.key === undefined)
    return { given, isSkipped: false, cells, table: values.table, keyTable: undefined }
  const keys = await evidenceOf(`keys.${name}`, measuring)
  const keyType = keys.table.columns['v']?.type ?? { kind: 'string' }
  const keyTruths = await askOracle(oracle, `truth.${name}`, { id: 'id', text, type: keyType })
  cells.push(...observeKeys(given, keys, keyTruths), ...(await observeAgain(keys, measuring)))
  return { given, isSkipped: false, cells, table: values.table, keyTable: keys.table }
}

async function evidenceOf(source: string, { run, session, loads }: Measuring): Promise<TableEvidence> {
  const table = run.tables.find((known) => known.source.table === source)
  if (table === undefined) throw new Error(`${source} has no contract`)
  await session.prepare(`SELECT * FROM ${table.name}, ${table.name}_history`)
  const readers = new Map<string, readonly Reading[]>([
    ['DuckDB', await readWithDuckdb(session.connection, table, 'history')],
    ['hyparquet', await readHistoryFiles(run.dir, table)],
    ['current', await readWithDuckdb(session.connection, table, 'current')],
  ])
  return {
    table,
    raw: [...(await loads.changes(source)), ...changesOf(run.pages, source)].map(({ operation, data }) => ({
      op: operation,
      data,
    })),
    loadRows: await loads.rows(source),
    readers,
    quarantine: run.quarantine.filter((entry) => entry.table === source),
  }
}

/*
 * What is stored, made into the lake's rows again: the raw pages formatted and the load's files rewritten, byte for byte the
 * same twice, give the rows of the first reading; so do the load's rows when the row codec takes them all.
 */
async function observeAgain(
  { table, readers }: TableEvidence,
  { run, loads }: Measuring,
): Promise<readonly Cell[]> {
  const key = Buffer.alloc(32)
  const blocks = formatAgain(run.pages, table, key)
  const file = await loads.reland(table, key)
  const isRepeatable =
    Buffer.concat([...blocks]).equals(Buffer.concat([...formatAgain(run.pages, table, key)])) &&
    file.bytes.equals((await loads.reland(table, key)).bytes)
  const again = [...file.rows, ...(await reland(blocks, table))].map(shown)
  const first = readers.get('hyparquet') ?? []
  const changes = await loads.changes(table.source.table)
  const coded = (await reland(formatChangesAgain(changes, table, key), table)).map(shown)
  const loaded = first.filter(({ op }) => op === 'load').map(shown)
  const cell = (path: string, isSame: boolean): Cell => {
    const observed = isSame ? 'exact' : 'altered'
    return { path, reader: 'hyparquet', value: 'all rows', expected: 'exact', observed }
  }
  return [
    cell('replay', isRepeatable && first.length > 0 && isSameBag(again, first.map(shown))),
    cell('load by the row codec', loaded.length > 0 && isSameBag(coded, loaded)),
  ]
}

function shown({ op, position, absent, values }: Reading): string {
  return JSON.stringify([op, position, absent, ...values])
}
