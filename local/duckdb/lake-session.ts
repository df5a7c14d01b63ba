import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures.ts'
import { JsonNumber, type JsonValue } from '../../core/json.ts'
import type { CatalogEntry } from '../../core/ports.ts'
import { currentSelect } from '../../lake/current-sql.ts'
import { historySelect } from '../../lake/history-sql.ts'
import { globPath, identifier, literal } from '../../lake/sql-text.ts'
import { checkQuery } from './check-query.ts'

export interface ResultColumn {
  readonly name: string
  readonly type: string
}

/** Rows of a query, as they come. 64-bit integers and decimals keep their digits as `JsonNumber`. */
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

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance
    this.connection = connection
  }

  /**
   * Opens a session with a schema for each database, `<table>` (current) and `<table>_history` for each newest
   * version, and `<table>_v<N>` for older ones. The sandbox is closed before the first query of a user: no other
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
    const session = new LakeSession(instance, connection)
    await connection.run(`SET TimeZone = 'UTC'; SET preserve_insertion_order = false`)
    for (const statement of viewStatements(entries, root)) await connection.run(statement)
    await connection.run(`SET temp_directory = ''`)
    const folders = new Set([root, globPath(root)].map((path) => literal(`${path}/lake/`)))
    await connection.run(`SET allowed_directories = [${[...folders].join(', ')}]`)
    await connection.run(`SET enable_external_access = false; SET lock_configuration = true`)
    return session
  }

  /** Runs one SELECT (or EXPLAIN, DESCRIBE, SHOW) of a user. Throws `query/refused` for anything else, `query/invalid` when it does not compile or run. */
  async query(sql: string): Promise<QueryResult> {
    await this.check(sql)
    const result = await this.connection.stream(sql).catch(rethrow)
    const types = result.columnTypes().map(String)
    const columns = result.columnNames().map((name, index) => ({ name, type: types[index] ?? '' }))
    async function* batches() {
      try {
        for await (const rows of result.yieldRowsJson())
          yield rows.map((row) =>
            row.map((value, index) => plainValue(value as JsonValue, types[index] ?? '')),
          )
      } catch (error) {
        rethrow(error)
      }
    }
    return { columns, batches: batches() }
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }

  private async check(sql: string): Promise<void> {
    try {
      await checkQuery(this.connection, sql)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      /* DuckDB's message shows the place; what does parse is an EXPLAIN with options, or of something else. */
      await this.connection.extractStatements(sql).catch(rethrow)
      throw new PipelineError('query/refused', 'the statement is not a query', { cause: error })
    }
  }
}

function viewStatements(entries: readonly CatalogEntry[], root: string): readonly string[] {
  const newest = new Map<string, number>()
  for (const { table } of entries)
    newest.set(table.name, Math.max(newest.get(table.name) ?? 0, table.version))
  return entries.flatMap((entry) => {
    const { name, version } = entry.table
    const [database = '', table = ''] = name.split('.')
    const view = newest.get(name) === version ? table : `${table}_v${version}`
    /* With the catalog in front: a database may have the name of one of DuckDB's own. */
    const schema = `memory.${identifier(database)}`
    const history = `${schema}.${identifier(`${view}_history`)}`
    return [
      `CREATE SCHEMA IF NOT EXISTS ${schema}`,
      `CREATE VIEW ${history} AS ${historySelect(entry, root)}`,
      `CREATE VIEW ${schema}.${identifier(view)} AS ${currentSelect(entry, history)}`,
    ]
  })
}

/* 64-bit integers and decimals come as text, to keep their digits; a single-precision value as the double it is in. */
function plainValue(value: JsonValue, type: string): JsonValue {
  if (typeof value === 'string' && /^(U?BIGINT|U?HUGEINT|DECIMAL\(.*)$/.test(type))
    return new JsonNumber(value)
  return typeof value === 'number' && type === 'FLOAT' ? shortestSingle(value) : value
}

function shortestSingle(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

/* DuckDB names the kind of an error at the start of its message; permission errors come from the sandbox. */
function rethrow(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause)
  const isRefused = message.startsWith('Permission Error')
  throw new PipelineError(isRefused ? 'query/refused' : 'query/invalid', message, { cause })
}
