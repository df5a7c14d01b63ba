import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures/failures.ts'
import type { JsonValue } from '../../core/json.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import { literal } from '../../lake/sql/sql-text.ts'

export interface DuckEngineOptions {
  /** Where statements spill to; deleted with the folder by its owner. */
  readonly temporary: string
  /** Bytes of memory as DuckDB writes them, `512MB`; it may pass them by a fifth. */
  readonly memory?: string
  readonly threads?: number
}

const SESSION = `SET TimeZone = 'UTC'`

/**
 * DuckDB with no extensions to fetch, in UTC, for statements that Tidemark itself builds. Its work is done on threads of
 * its own: changes flow on beside it. 64-bit integers and decimals of `rows` are text.
 */
export class DuckEngine implements SqlEngine {
  private readonly instance: DuckDBInstance
  private connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance
    this.connection = connection
  }

  static async open({ temporary, memory = '512MB', threads = 1 }: DuckEngineOptions): Promise<DuckEngine> {
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      memory_limit: memory,
      threads: String(threads),
    })
    const engine = new DuckEngine(instance, await instance.connect())
    await engine.run(
      /* A path that is written again must be read again: the cache of file contents goes by size. */
      `SET enable_external_file_cache = false; ${SESSION}; SET preserve_insertion_order = false; SET temp_directory = ${literal(temporary)}`,
    )
    return engine
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql).catch(rethrow)
  }

  async rows(sql: string): Promise<readonly (readonly JsonValue[])[]> {
    const reader = await this.connection.runAndReadAll(sql).catch(rethrow)
    /* The driver's JSON values are JSON values; its type says so of none of them. */
    return reader.getRowsJson() as unknown as readonly (readonly JsonValue[])[]
  }

  /** Forgets the temporary tables and views: a session of the same DuckDB, for which none has to be opened and closed. */
  async renew(): Promise<void> {
    this.connection.closeSync()
    this.connection = await this.instance.connect()
    await this.run(SESSION)
  }

  /** Stops the statement that runs; its call rejects. */
  interrupt(): void {
    this.connection.interrupt()
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }
}

/* DuckDB's message may quote a value of a file: it stays in the cause, which no log prints. */
function rethrow(cause: unknown): never {
  const kind = /^[A-Z][A-Za-z ]+ Error/.exec(cause instanceof Error ? cause.message : '')?.[0] ?? 'an error'
  const code = kind === 'Out of Memory Error' ? 'lake/engine-memory' : 'lake/unreadable'
  throw new PipelineError(code, `DuckDB: ${kind}`, { cause })
}
