import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { PipelineError } from '../../core/failures/failures.ts'
import { sampleFunctions, sampleSize, sampleStatements } from './sample-rows.ts'

export interface SampleOptions {
  /** 1 gives about 205,000 rows in six tables. */
  readonly scale?: number
  /** The same seed and scale give the same rows on every machine. */
  readonly seed?: number
  readonly onProgress?: (table: string, rows: number) => void
}

/** The comment on the schema that says it is ours. */
const mark = 'Tidemark sample'
const statementMs = 300_000

/**
 * Fills the schema `workforce` with an HR sample, in one transaction: it is there whole or not at all,
 * and a second call does nothing. Throws `run/bad-folder` when the database has another schema of
 * that name, and PostgreSQL's own error when it cannot be reached or is full.
 */
export async function createSampleDatabase(url: string, options: SampleOptions = {}): Promise<void> {
  const size = sampleSize(options.scale ?? 1, Math.trunc(options.seed ?? 1))
  const client = new pg.Client({
    connectionString: url,
    application_name: 'tidemark sample',
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementMs,
    query_timeout: statementMs + 10_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('begin')
    // Two callers at once: the second waits here, then finds the work done.
    await client.query(`select pg_advisory_xact_lock(hashtext('${mark}'))`)
    if (await isMade(client)) return
    await client.query(
      `set local maintenance_work_mem = '128MB'; set local max_parallel_maintenance_workers = 0`,
    )
    await client.query(await sqlFile('sample-schema.sql'))
    await client.query(sampleFunctions(size))
    for (const { table, sql } of sampleStatements(size)) {
      const { rowCount } = await client.query(sql)
      options.onProgress?.(table, rowCount ?? 0)
    }
    await client.query(await sqlFile('sample-keys.sql'))
    await client.query(`comment on schema workforce is '${mark}'; commit`)
    await client.query(
      `analyze ${sampleStatements(size)
        .map(({ table }) => `workforce.${table}`)
        .join(', ')}`,
    )
  } finally {
    await client.end()
  }
}

async function isMade(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ mark: string | null }>(
    `select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'workforce'`,
  )
  const [schema] = rows
  if (!schema) return false
  if (schema.mark === mark) return true
  throw new PipelineError('run/bad-folder', 'the database has a schema workforce that is not the sample')
}

async function sqlFile(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8')
}
