import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Table } from '../../../core/contract/language/table.ts'
import type { TablesAdded } from '../../../core/operations/answers.ts'
import type { Source } from '../../../engine/postgres/connection/source-connection.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import type { AddStep } from '../../../local/run/tables/add-tables.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { storedRun } from '../../../local/state/state-file.ts'
import type { SourceDatabase, SourceServer } from '../../engine/postgres/source-server.ts'

const ORDERS = `
  CREATE TABLE public.orders (id bigint PRIMARY KEY, n int NOT NULL, note text);
  INSERT INTO public.orders SELECT i, i, 'o' FROM generate_series(1, 200) i`

/** The SQL of a table that is there later, with so many rows. */
export function newTable(name: string, rows = 20): string {
  return `CREATE TABLE public.${name} (id bigint PRIMARY KEY, n int NOT NULL, note text);
    INSERT INTO public.${name} SELECT i, i, repeat('i', 50) FROM generate_series(1, ${rows}) i`
}

export interface Asked {
  readonly isLoaded?: boolean
  readonly isDryRun?: boolean
  readonly onStep?: (step: AddStep) => Promise<void> | void
  readonly signal?: AbortSignal
}

/** A pipeline that follows `public.orders`, on a database and a folder of its own. */
export class AddingFixture {
  readonly database: SourceDatabase
  readonly dir: string
  /** Contracts that somebody has written, also since the run started. */
  written: readonly Table[] = []
  private running: LocalRun | undefined

  private constructor(database: SourceDatabase, dir: string) {
    this.database = database
    this.dir = dir
  }

  /** More tables are there from the start, and followed, when they are given. */
  static async open(
    server: SourceServer,
    { sql = '', patterns = [] }: { readonly sql?: string; readonly patterns?: readonly string[] } = {},
  ): Promise<AddingFixture> {
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-add-'))
    const lab = new AddingFixture(await server.database(`${ORDERS}; ${sql}`), dir)
    await lab.start(patterns)
    return lab
  }

  /** What a person starts again: the patterns name the first table only. */
  async start(
    patterns: readonly string[] = [],
    { source = this.database.source, reload = false }: { source?: Source; reload?: boolean } = {},
  ): Promise<void> {
    this.running = await openLocalRun({
      dir: this.dir,
      source,
      isEmbedded: false,
      system: 'adding',
      contracts: this.written,
      readContracts: async () => this.written,
      patterns: ['public.orders', ...patterns],
      slot: 'adding',
      publication: 'adding',
      reload,
      hints: { bytes: 1 << 20, milliseconds: 20 },
      compactEveryMs: 0,
      proveEveryMs: 0,
      log: { info: () => undefined, warn: () => undefined },
    })
    await this.running.loaded(AbortSignal.timeout(60_000))
  }

  async stop(): Promise<void> {
    await this.running?.stop()
    this.running = undefined
  }

  async reopen(patterns?: readonly string[]): Promise<void> {
    await this.stop()
    await this.start(patterns)
  }

  get run(): LocalRun {
    if (this.running === undefined) throw new Error('no run')
    return this.running
  }

  sql(text: string) {
    return this.database.client.query(text)
  }

  add(
    tables: readonly string[],
    { isLoaded = true, isDryRun = false, onStep = () => undefined, signal }: Asked = {},
  ): Promise<TablesAdded> {
    const context = { signal: signal ?? AbortSignal.timeout(60_000), onStep }
    return this.run.addTables({ tables, isLoaded, isDryRun, contracts: {} }, context)
  }

  /** The tables that equal the source, and with a bang those that do not, in order; of all that are followed unless told. */
  async verdicts(...tables: readonly string[]): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(60_000)
    await this.run.loaded(signal)
    const proof = await this.run.reconcile(signal, tables.length === 0 ? {} : { tables })
    return proof.tables.map(({ table, equal }) => `${equal ? '' : '!'}${table}`).toSorted()
  }

  /** Tables that the next start would follow: those that were added, and those that it knows of. */
  async noted(): Promise<{ readonly added: readonly string[]; readonly known: readonly string[] }> {
    const { added = [], loads = {} } = (await storedRun(runFolder(this.dir))) ?? {}
    return { added, known: Object.keys(loads) }
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }
}
