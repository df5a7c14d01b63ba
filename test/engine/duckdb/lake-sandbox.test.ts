import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { JsonNumber } from '../../../core/json.ts'
import { loadPosition } from '../../../core/position.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { smallLake } from '../../lake/small-lake.ts'

const shifts = table({
  name: 'work.shifts',
  version: 1,
  owner: 'tests',
  description: 'Shifts',
  source: { system: 'tests', table: 'public.shifts' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: { id: col.bigint('Key') },
})

async function rowsOf(session: LakeSession, sql: string): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
  return rows
}

describe('the sandbox of a lake session', () => {
  let folder: string
  let session: LakeSession

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-sandbox-'))
    const lake = await smallLake(folder)
    await lake.register(shifts)
    await lake.land(shifts, [['insert', loadPosition(1, 1n), 0, 0, null, null, '1']])
    await writeFile(join(folder, 'secret.csv'), 'secret\n')
    session = await LakeSession.open({ folder, entries: await lake.catalog.entries() })
    return async () => {
      session.close()
      await rm(folder, { recursive: true })
    }
  })

  const out = () => join(folder, 'lake', 'out')
  const reads: readonly (() => string)[] = [
    () => `SELECT * FROM read_csv('/etc/passwd')`,
    () => `SELECT * FROM '/etc/passwd'`,
    () => `SELECT * FROM read_text('${folder}/secret.csv')`,
    () => `SELECT * FROM read_parquet('${folder}/lake/../secret.csv')`,
    () => `SELECT * FROM '${folder}/secret.csv'`,
    () => `SELECT * FROM read_blob('/proc/self/environ')`,
    () => `SELECT * FROM read_parquet('https://example.com/x.parquet')`,
    () => `SELECT * FROM glob('/etc/*')`,
    () => `SELECT * FROM glob('${folder}/**')`,
    () => `SELECT * FROM duckdb_secrets()`,
    () => `SELECT getenv('HOME')`,
    () => `SELECT * FROM query('SELECT * FROM read_csv(''/etc/passwd'')')`,
  ]
  const writes: readonly (() => string)[] = [
    () => `COPY (SELECT 1) TO '${out()}'`,
    () => `COPY (SELECT 1) TO '/tmp/tidemark-sandbox-out'`,
    () => `EXPLAIN ANALYZE COPY (SELECT 1) TO '${out()}'`,
    () => `EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1`,
    () => `/* a */ EXPLAIN ANALYZE COPY (SELECT 1) TO '${out()}'`,
    () => `EXPLAIN (ANALYZE) COPY (SELECT 1) TO '${out()}'`,
    () => `SELECT 1; COPY (SELECT 1) TO '${out()}'`,
    () => `EXPLAIN SELECT 1; COPY (SELECT 1) TO '${out()}'`,
    () => `EXPORT DATABASE '${out()}'`,
    () => `ATTACH '${out()}.db'`,
    () => `SELECT * FROM enable_profiling(format='json', save_location='${out()}')`,
    () => `SELECT * FROM system.main."Enable_Profiling"(format='json', save_location='${out()}')`,
    () => `SELECT (SELECT count(*) FROM enable_logging(storage='file', storage_path='${out()}'))`,
    () => `WITH a AS (FROM enable_logging(storage='file', storage_path='${out()}')) SELECT 1 FROM a`,
    () => `DESCRIBE SELECT * FROM enable_logging(storage='file', storage_path='${out()}')`,
    () => `EXPLAIN ANALYZE SELECT * FROM enable_logging(storage='file', storage_path='${out()}')`,
    () => `SELECT * FROM query('FROM enable_logging(storage=''file'', storage_path=''${out()}'')')`,
    () => `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM enable_logging()'))`,
  ]
  const others: readonly (() => string)[] = [
    () => 'INSTALL httpfs',
    () => 'LOAD httpfs',
    () => 'SET threads = 8',
    () => 'RESET memory_limit',
    () => 'SET VARIABLE x = 1',
    () => 'PRAGMA enable_profiling',
    () => 'CALL enable_logging()',
    () => 'CREATE TABLE x (a INTEGER)',
    () => 'CREATE MACRO f(a) AS a',
    () => 'CREATE OR REPLACE VIEW work.shifts AS SELECT 1',
    () => 'DROP VIEW work.shifts',
    () => 'INSERT INTO work.shifts VALUES (1)',
    () => 'WITH a AS (SELECT 1) DELETE FROM work.shifts',
    () => 'BEGIN',
    () => 'CHECKPOINT',
    () => 'SELECT * FROM checkpoint()',
    () => 'USE work',
    () => 'PREPARE p AS SELECT 1',
    () => 'SELECT 1; SELECT 2',
    () => '',
    () => '-- nothing',
    () => 'EXPLAIN',
  ]

  test('refuses whatever is more than reading the lake, and no file is read, written or changed', async () => {
    const before = await everyFile(folder)
    for (const sql of [...reads, ...writes, ...others].map((make) => make())) {
      const outcome = await rowsOf(session, sql).then(
        () => 'answered',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      )
      expect(['query/refused', 'query/invalid'], sql).toContain(outcome)
    }
    expect(await everyFile(folder)).toEqual(before)
    expect(await rowsOf(session, 'SELECT id FROM work.shifts')).toEqual([[new JsonNumber('1')]])
  })

  test('says query/refused to what would be a statement of DuckDB', async () => {
    for (const make of [...writes, ...others.slice(0, 9)])
      await expect(rowsOf(session, make()), make()).rejects.toMatchObject({ code: 'query/refused' })
  })
})

/** Every file below a folder with its bytes. */
async function everyFile(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path, 'hex')] as const)))
}
