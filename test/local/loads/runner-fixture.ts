import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import { isOver, type Load, type LoadLedger, loadState } from '../../../core/load/load.ts'
import type { Floor } from '../../../core/ports/catalog-entry.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { landTableFile } from '../../../engine/load-file/land-table-file.ts'
import { currentTable } from '../../../engine/postgres/catalog/current-table.ts'
import { readSourceCatalog, type SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { KeptConnection } from '../../../engine/postgres/connection/kept-connection.ts'
import { globPath, literal } from '../../../lake/sql/sql-text.ts'
import { copyReading } from '../../../local/loads/copy-reading.ts'
import type { OpenParts } from '../../../local/loads/held-parts.ts'
import { LoadRunner, type LoadRunnerDeps } from '../../../local/loads/load-runner.ts'
import type { FileToLand } from '../../../local/loads/run-table-load.ts'
import { Pipeline } from '../../../local/pipeline/pipeline.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readDocuments, StateFile } from '../../../local/state/state-file.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { LoadDocuments } from '../../../state/documents/load-documents.ts'
import type { Scratch } from '../sample/scratch.ts'

/** Of each table of the stage. */
export const ROWS = 24
/* The sum of `n`. */
const SUM = (ROWS * (ROWS + 1)) / 2
/* What a load of one of them makes at least, of 480 kB of text in small buffers. */
const FILES = 2

const LOG = { info: () => undefined, warn: () => undefined }

/** What a step of a load passes through before it happens: it may wait, do something of its own, or throw. */
export type Gate = (step: string, key?: string) => Promise<void> | void

/** Runners of one real source on one folder with real stores, where every step of a load passes a gate. */
export class RunnerFixture {
  readonly client: pg.Client
  readonly sources: readonly SourceTable[]
  readonly pipeline: Pipeline
  readonly engine: DuckEngine
  private readonly root: string
  readonly url: string
  private readonly connection: KeptConnection
  private readonly atEnd: (() => Promise<void>)[] = []

  private constructor(parts: Pick<RunnerFixture, 'client' | 'sources' | 'pipeline' | 'engine'>, url: string) {
    this.client = parts.client
    this.sources = parts.sources
    this.pipeline = parts.pipeline
    this.engine = parts.engine
    this.root = parts.pipeline.folder.root
    this.url = url
    this.connection = new KeptConnection({ url }, 'tidemark load')
  }

  /**
   * A server of its own with the tables `public.rota` and `public.shops`, or others; all gone with the scratch. With a role
   * they are read as that one.
   */
  static async open(
    scratch: Scratch,
    { names = ['rota', 'shops'], role }: { readonly names?: readonly string[]; readonly role?: string } = {},
  ): Promise<RunnerFixture> {
    const { url: owner } = await scratch.startCopied('runner')
    const client = new pg.Client({ connectionString: owner, connectionTimeoutMillis: 5_000 })
    await client.connect()
    scratch.later(() => client.end())
    const url = new URL(owner)
    if (role !== undefined) {
      await client.query(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD '${role}';
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${role}`)
      url.username = role
      url.password = role
    }
    for (const name of names)
      await client.query(
        `CREATE TABLE public.${name} (id int PRIMARY KEY, n int, note text);
         INSERT INTO public.${name} SELECT i, i, repeat('x', 20000) FROM generate_series(1, ${ROWS}) i`,
      )
    const sources = await readSourceCatalog(client, ['public.*'])
    const tables = sources.map((source) => inferTable(source, { system: 'runner' }))
    const folder = runFolder(join(scratch.folder, 'run'))
    const state = await StateFile.open(folder)
    const hints = { bytes: 1, milliseconds: 1 }
    const pipeline = await Pipeline.open({ folder, state, tables, hints, log: LOG })
    pipeline.start()
    scratch.later(() => pipeline.stop())
    const engine = await DuckEngine.open({ temporary: folder.scratch, memory: '256MB' })
    scratch.later(() => engine.close())
    const stage = new RunnerFixture({ client, sources, pipeline, engine }, url.href)
    scratch.later(() => stage.connection.close())
    return stage
  }

  /** The ledger as whoever opens the folder next finds it. */
  stored(): Promise<readonly Load[]> {
    return readDocuments(this.pipeline.folder, (documents) => new LoadDocuments(documents).all())
  }

  async runner(gate: Gate = () => undefined, more: Partial<LoadRunnerDeps> = {}): Promise<LoadRunner> {
    const kept = new LoadDocuments(this.pipeline.documents)
    const ledger: LoadLedger = {
      all: () => kept.all(),
      save: async (load) => {
        await gate(`save ${load.tables.map(({ state }) => state).join()}`)
        await kept.save(load)
      },
    }
    return LoadRunner.open({
      ledger,
      sources: () => this.sources,
      waits: { retryMs: [1, 1], awayMs: [1, 1] },
      log: LOG,
      now: Date.now,
      estimate: () => Promise.resolve(new Map()),
      isRequired: () => false,
      describe: (table) => currentTable({ url: this.url }, table),
      onOver: () => undefined,
      open: () => Promise.resolve({ parts: this.parts(gate), close: () => undefined }),
      ...more,
    })
  }

  /** A runner that runs until `stop`. */
  async running(gate?: Gate, more?: Partial<LoadRunnerDeps>): Promise<LoadRunner> {
    const runner = await this.runner(gate, more)
    const abort = new AbortController()
    const done = runner.run(abort.signal)
    this.atEnd.push(() => {
      abort.abort()
      return done
    })
    return runner
  }

  async stop(): Promise<void> {
    for (const stop of this.atEnd.splice(0)) await stop()
  }

  /** Expects the load to be complete: its position the newest floor, and every row once at it in history. */
  async expectWhole(load: Load | undefined): Promise<void> {
    const tables = load?.tables ?? []
    expect(tables.map(({ state, failure }) => [state, failure])).toEqual(tables.map(() => ['complete', null]))
    for (const { table, position, rows, files } of tables) {
      expect([rows, files.length >= FILES]).toEqual([ROWS, true])
      expect((await this.floors(table)).at(-1)).toEqual({ position, reason: 'load' })
      expect(await this.rowsAt(table, position ?? '')).toEqual([ROWS, ROWS, SUM])
    }
  }

  /** Floors of a source table, the lowest first. */
  async floors(table: string): Promise<readonly Floor[]> {
    const entries = await this.pipeline.catalog.entries()
    return entries.find((entry) => entry.table.source === table)?.floors ?? []
  }

  /* Rows in history that rank at a position, how many different keys they have, and the sum of their `n`. */
  private async rowsAt(table: string, position: string): Promise<readonly number[]> {
    const path = literal(`${globPath(join(this.root, 'lake'))}/**/*.parquet`)
    const found = await this.engine.rows(
      `SELECT count(*), count(DISTINCT id), coalesce(sum(n), 0)::BIGINT FROM read_parquet(${path}, union_by_name = true, filename = true)
       WHERE _position = ${literal(position)} AND filename LIKE ${literal(`%${table.replace('.', '/')}%`)}`,
    )
    return (found[0] ?? []).map(Number)
  }

  private parts(gate: Gate): OpenParts['parts'] {
    const { pipeline, engine, root } = this
    const { objects, catalog } = pipeline
    const files = new FolderFiles(objects, pipeline.folder.scratch)
    return {
      epoch: 1,
      objects: {
        list: (prefix) => objects.list(prefix),
        delete: async (key) => {
          await gate('delete', key)
          await objects.delete(key)
        },
      },
      makeRoom: () => Promise.resolve(),
      ...copyReading(
        { url: this.url },
        {
          connection: this.connection,
          engine,
          fileBytes: 40_000,
          files: {
            scratch: (name) => files.scratch(name),
            read: (key) => files.read(key),
            verify: (file, by) => files.verify(file, by),
            publish: async (path, key) => {
              await gate('publish', key)
              return files.publish(path, key)
            },
          },
        },
        (entry) => pipeline.quarantine.put([entry]),
      ),
      land: async (file) => {
        await gate('land', file.key)
        const landed = await this.land(file, files)
        await gate('landed', file.key)
        return landed
      },
      rowsIn: async (keys) => {
        await gate('audit', keys[0])
        if (keys.length === 0) return 0
        const paths = keys.map((key) => literal(globPath(join(root, key))))
        const [row] = await engine.rows(`SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata([${paths}])`)
        return Number(row?.[0] ?? 0)
      },
      catalog: {
        addFloor: async (table, floor) => {
          await gate('floor')
          await catalog.addFloor(table, floor)
        },
      },
      settle: async () => gate('floored'),
    }
  }

  private async land({ load: _, ...file }: FileToLand, files: FolderFiles) {
    const { pipeline, engine } = this
    const { objects, catalog, quarantine, maskKey, tables } = pipeline
    const { history, ...counts } = await landTableFile(
      { ...file, version: await objects.version(file.key), revision: 0 },
      { engine, files, tables, maskKey, objects, catalog, quarantine },
    )
    return { ...counts, history: history.flatMap(({ added }) => added.map(({ key }) => key)) }
  }
}

/** The load when it is over. Throws after ten seconds. */
export async function ended(runner: LoadRunner, id: string): Promise<Load> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = runner.loads().find((load) => load.id === id)
    if (found !== undefined && isOver(loadState(found))) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('the load did not end')
}
