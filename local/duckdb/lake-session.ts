import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import type { CatalogEntry } from '../../core/catalog-entry.ts'
import { PipelineError } from '../../core/failures.ts'
import type { JsonValue } from '../../core/json.ts'
import { asOfSelect, positionAt } from '../../lake/sql/as-of-select.ts'
import { baseSelect, tombstonesSelect } from '../../lake/sql/base-select.ts'
import { currentSelect } from '../../lake/sql/current-select.ts'
import { freshSelect, historySelect } from '../../lake/sql/history-select.ts'
import { isChange } from '../../lake/sql/table-shape.ts'
import { globPath, identifier, literal } from '../../lake/sql-text.ts'
import { checkQuery } from './check-query.ts'
import { FileDamage } from './file-damage.ts'
import { shownValue } from './shown-value.ts'

export interface ResultColumn {
  readonly name: string
  readonly type: string
}

/** Rows of a query, as they come, a few at a time. 64-bit integers and decimals keep their digits as `JsonNumber`. */
export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly (readonly JsonValue[])[]>
}

export interface LakeSessionOptions {
  /** Folder that holds `lake/`. */
  readonly folder: string
  readonly entries: readonly CatalogEntry[]
  readonly memoryLimit?: string
  readonly threads?: number
}

/** DuckDB over the lake, in Athena's place: one process, in memory, reading the files of the lake and nothing else. */
export class LakeSession {
  readonly connection: DuckDBConnection
  private readonly instance: DuckDBInstance
  private readonly macros: ReadonlySet<string>
  private waiting: readonly LakeMacro[]
  private readonly damage: FileDamage

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    { macros, damage }: { readonly macros: readonly LakeMacro[]; readonly damage: FileDamage },
  ) {
    this.instance = instance
    this.connection = connection
    this.macros = new Set(macros.map(({ name }) => name))
    this.waiting = macros
    this.damage = damage
  }

  /**
   * Opens a session with a schema for each database, `<table>` (current) and `<table>_history` for each newest
   * version, and `<table>_v<N>` for older ones; a table that has a damaged file is left out, and a query that names it is
   * told so. `<table>_as_of(position)` and `<table>_at(time)` are current as it was.
   * The sandbox is closed before the first query of a user: no other
   * files, no network, no extensions, no settings.
   */
  static async open({
    folder,
    entries,
    memoryLimit = '1GB',
    threads = 2,
  }: LakeSessionOptions): Promise<LakeSession> {
    const root = resolve(folder)
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      memory_limit: memoryLimit,
      threads: String(threads),
    })
    const connection = await instance.connect()
    const views = lakeViews(entries)
    const macros = views.flatMap((view) => lakeMacros(view, root))
    const session = new LakeSession(instance, connection, { macros, damage: new FileDamage(entries) })
    await connection.run(
      `SET enable_external_file_cache = false; SET TimeZone = 'UTC'; SET preserve_insertion_order = false`,
    )
    for (const view of views)
      for (const statement of viewStatements(view, root))
        await connection.run(statement).catch((cause) => session.damage.note(view.entry, cause))
    await connection.run(`SET temp_directory = ''`)
    const folders = new Set([root, globPath(root)].map((path) => literal(`${path}/lake/`)))
    await connection.run(`SET allowed_directories = [${[...folders].join(', ')}]`)
    await connection.run(`SET enable_external_access = false; SET lock_configuration = true`)
    return session
  }

  /** Runs one SELECT (or EXPLAIN, DESCRIBE, SHOW) of a user. Throws `query/refused` for anything else, `query/invalid` when it does not compile or run, `lake/unreadable` when a file that it needs is gone or damaged, `query/too-large` when DuckDB's memory does not hold it. */
  async query(sql: string): Promise<QueryResult> {
    await this.check(sql)
    await this.makeMacros(sql)
    const fail = (cause: unknown) => rethrow(this.damage.in(sql, cause) ?? cause)
    /* Whole: a streamed result that breaks off looks like one that ended (@duckdb/node-api 1.5.6, fetchChunk). */
    const result = await this.connection.run(sql).catch(fail)
    const types = result.columnTypes().map(String)
    const columns = result.columnNames().map((name, index) => ({ name, type: types[index] ?? '' }))
    return { columns, batches: batchesOf(result, fail) }
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }

  /* When a query names them: to make them takes as long as a query. */
  private async makeMacros(sql: string): Promise<void> {
    const text = sql.toLowerCase()
    const [named, others] = [true, false].map((isNamed) =>
      this.waiting.filter(({ name }) => text.includes(name) === isNamed),
    )
    this.waiting = others ?? []
    for (const { statement } of named ?? [])
      await this.connection.run(statement).catch((cause) => rethrow(this.damage.in(sql, cause) ?? cause))
  }

  private async check(sql: string): Promise<void> {
    try {
      await checkQuery(this.connection, sql, this.macros)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      /* DuckDB's message shows the place; what does parse is an EXPLAIN with options, or of something else. */
      await this.connection.extractStatements(sql).catch(rethrow)
      throw new PipelineError('query/refused', 'the statement is not a query', { cause: error })
    }
  }
}

interface LakeView {
  readonly entry: CatalogEntry
  readonly schema: string
  readonly view: string
}

function lakeViews(entries: readonly CatalogEntry[]): readonly LakeView[] {
  const newest = new Map<string, number>()
  for (const { table } of entries)
    newest.set(table.name, Math.max(newest.get(table.name) ?? 0, table.version))
  return entries.map((entry) => {
    const { name, version } = entry.table
    const [database = '', table = ''] = name.split('.')
    const view = newest.get(name) === version ? table : `${table}_v${version}`
    /* With the catalog in front: a database may have the name of one of DuckDB's own. */
    return { entry, schema: `memory.${identifier(database)}`, view }
  })
}

function viewStatements({ entry, schema, view }: LakeView, root: string): readonly string[] {
  const named = (suffix = '') => `${schema}.${identifier(`${view}${suffix}`)}`
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE VIEW ${named('_history')} AS SELECT * FROM (${historySelect(entry, root)}) h WHERE ${isChange()}`,
    `CREATE VIEW ${named()} AS ${currentSelect(entry, sourcesOf(entry, root))}`,
  ]
}

interface LakeMacro {
  /** Without its schema. */
  readonly name: string
  readonly statement: string
}

function lakeMacros(lake: LakeView, root: string): readonly LakeMacro[] {
  const { entry, schema, view } = lake
  const sources = sourcesOf(entry, root)
  const macro = (suffix: string, parameter: string, position: string) => {
    const name = `${view}${suffix}`
    const select = asOfSelect(entry, sources, position)
    return { name, statement: `CREATE MACRO ${schema}.${identifier(name)}(${parameter}) AS TABLE ${select}` }
  }
  return [macro('_as_of', '_as_of', '_as_of'), macro('_at', '_at', positionAt(sources.history, '_at'))]
}

/* With the marks of refused changes, which the view of history does not show. */
function sourcesOf(entry: CatalogEntry, root: string) {
  return {
    history: `(${historySelect(entry, root)})`,
    fresh: `(${freshSelect(entry, root)})`,
    base: `(${baseSelect(entry, root)})`,
    tombstones: `(${tombstonesSelect(entry, root)})`,
  }
}

const BATCH_ROWS = 128

/* DuckDB's chunk has 2,048 rows, in its own memory: a few at a time become values of JavaScript, which need more. */
async function* batchesOf(
  result: DuckDBResult,
  fail: (cause: unknown) => never,
): AsyncGenerator<readonly (readonly JsonValue[])[]> {
  try {
    for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
      const { rowCount } = chunk
      if (rowCount === 0) return
      for (let from = 0; from < rowCount; from += BATCH_ROWS) {
        const rows: (readonly JsonValue[])[] = []
        for (let row = from; row < Math.min(from + BATCH_ROWS, rowCount); row += 1)
          rows.push(chunk.convertRowValues(row, shownValue))
        yield rows
      }
    }
  } catch (error) {
    fail(error)
  }
}

/* DuckDB names the kind of an error at the start of its message; permission errors come from the sandbox. */
function rethrow(cause: unknown): never {
  if (cause instanceof PipelineError) throw cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const [first = ''] = message.split('\n')
  if (message.startsWith('Out of Memory Error')) throw new PipelineError('query/too-large', first, { cause })
  const isRefused = message.startsWith('Permission Error')
  throw new PipelineError(isRefused ? 'query/refused' : 'query/invalid', message, { cause })
}
