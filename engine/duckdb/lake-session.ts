import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures/failures.ts'
import type { JsonValue } from '../../core/json.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { globPath, literal } from '../../lake/sql/sql-text.ts'
import { checkQuery } from './check-query.ts'
import { LakeViews } from './lake-views.ts'
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
  private readonly views: LakeViews

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, views: LakeViews) {
    this.instance = instance
    this.connection = connection
    this.views = views
  }

  /**
   * Opens a session with a schema for each database, `<table>` (current) and `<table>_history` for each newest
   * version, and `<table>_v<N>` for older ones, which are made when a query names them; one that names a table with a
   * damaged file is told so. `<table>_as_of(position)` and `<table>_at(time)` are current as it was.
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
    const session = new LakeSession(instance, connection, new LakeViews(connection, entries, root))
    await connection.run(
      `SET enable_external_file_cache = false; SET TimeZone = 'UTC'; SET preserve_insertion_order = false`,
    )
    await connection.run(`SET temp_directory = ''`)
    const folders = new Set([root, globPath(root)].map((path) => literal(`${path}/lake/`)))
    await connection.run(`SET allowed_directories = [${[...folders].join(', ')}]`)
    await connection.run(`SET enable_external_access = false; SET lock_configuration = true`)
    return session
  }

  /** Runs one SELECT (or EXPLAIN, DESCRIBE, SHOW) of a user. Throws `query/refused` for anything else, `query/invalid` when it does not compile or run, `lake/unreadable` when a file that it needs is gone or damaged, `query/too-large` when DuckDB's memory does not hold it. */
  async query(sql: string): Promise<QueryResult> {
    await this.prepare(sql)
    const fail = (cause: unknown) => rethrow(this.views.damage.in(sql, cause) ?? cause)
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

  /** Refuses what is no query, and makes the views and macros that it names. Throws as `query`. */
  async prepare(sql: string): Promise<void> {
    try {
      const names = await checkQuery(this.connection, sql, this.views.macros)
      await this.views
        .make(names)
        .catch((cause: unknown) => rethrow(this.views.damage.in(sql, cause) ?? cause))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      /* DuckDB's message shows the place; what does parse is an EXPLAIN with options, or of something else. */
      await this.connection.extractStatements(sql).catch(rethrow)
      throw new PipelineError('query/refused', 'the statement is not a query', { cause: error })
    }
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
