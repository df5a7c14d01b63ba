import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import { JsonNumber, type JsonValue } from '../../../core/json.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../../core/position.ts'
import { LakeSession, type LakeSessionOptions } from '../../../engine/duckdb/lake-session.ts'
import { smallLake } from '../../lake/small-lake.ts'
import { tempFolder } from '../../support/temp-folder.ts'

function shifts(
  version: number,
  more: Table['columns'] = {},
  name: `${string}.${string}` = 'work.shifts',
): Table {
  return table({
    name,
    version,
    owner: 'tests',
    description: 'Shifts',
    source: { system: 'tests', table: 'public.shifts' },
    primaryKey: ['id'],
    unknownFields: 'keep',
    columns: {
      id: col.bigint('Key'),
      cost: col.decimal(38, 10, 'Cost', { nullable: true }),
      tags: col.list({ kind: 'string' }, 'Tags', { nullable: true }),
      seen: col.timestampMicros('Seen', { nullable: true }),
      day: col.date('Day', { nullable: true }),
      ...more,
    },
  })
}

function position(index: number): string {
  return loadPosition(1, BigInt(index))
}

const MAX = '9223372036854775807'
const COST = '1234567890123456789012345678.0000000001'

async function open(
  folder: string,
  entries: readonly CatalogEntry[],
  more: Partial<LakeSessionOptions> = {},
) {
  const session = await LakeSession.open({ folder, entries, ...more })
  onTestFinished(() => session.close())
  return session
}

async function rowsOf(session: LakeSession, sql: string): Promise<readonly (readonly JsonValue[])[]> {
  const rows: (readonly JsonValue[])[] = []
  for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
  return rows
}

describe('a lake session', () => {
  test('G2 shows current and history of a table, every digit of its numbers kept', async () => {
    const folder = await tempFolder()
    const lake = await smallLake(folder)
    await lake.register(shifts(1))
    await lake.land(shifts(1), [
      ['insert', position(1), 0, 1_700_000_000_123, null, null, MAX, COST, ['a', null], '-1', '0001-01-01'],
      ['insert', position(2), 0, null, null, '{"x":1}', '-9223372036854775808', null, null, null, null],
      ['delete', position(3), 0, null, null, null, '-9223372036854775808', null, null, null, null],
    ])
    const session = await open(folder, await lake.catalog.entries())
    expect(await rowsOf(session, 'SELECT id, cost, tags, seen_micros FROM work.shifts')).toEqual([
      [new JsonNumber(MAX), new JsonNumber(COST), ['a', null], new JsonNumber('-1')],
    ])
    expect(
      await rowsOf(
        session,
        'SELECT _op, id, _extra, ingest_date::VARCHAR FROM work.shifts_history ORDER BY _position',
      ),
    ).toEqual([
      ['insert', new JsonNumber(MAX), null, '2024-01-01'],
      ['insert', new JsonNumber('-9223372036854775808'), '{"x":1}', '2024-01-01'],
      ['delete', new JsonNumber('-9223372036854775808'), null, '2024-01-01'],
    ])
  })

  test('gives every column its type where no file is yet', async () => {
    const folder = await tempFolder()
    const lake = await smallLake(folder)
    await lake.register(shifts(1))
    const session = await open(folder, await lake.catalog.entries())
    const { columns, batches } = await session.query('SELECT * FROM work.shifts')
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toEqual({
      id: 'BIGINT',
      cost: 'DECIMAL(38,10)',
      tags: 'VARCHAR[]',
      seen: 'TIMESTAMP WITH TIME ZONE',
      seen_micros: 'BIGINT',
      day: 'DATE',
      _position: 'VARCHAR',
      _committed_at: 'TIMESTAMP WITH TIME ZONE',
      _extra: 'VARCHAR',
    })
    for await (const batch of batches) expect(batch).toEqual([])
    await lake.land(shifts(1), [
      ['insert', position(1), 0, 0, null, null, '1', '1.5000000000', [], '0', '2024-02-29'],
    ])
    const filled = await open(folder, await lake.catalog.entries())
    expect((await filled.query('SELECT * FROM work.shifts')).columns).toEqual(columns)
  })

  test('reads files from before and after a column was added: null where it was not yet', async () => {
    const folder = await tempFolder()
    const lake = await smallLake(folder)
    const wider = shifts(1, { note: col.string('Note', { nullable: true }) })
    await lake.register(shifts(1))
    await lake.land(shifts(1), [['insert', position(1), 0, 0, null, null, '1', null, null, null, null]])
    await lake.register(wider)
    await lake.land(
      wider,
      [['insert', position(2), 0, 0, null, null, '2', null, null, null, null, 'new']],
      '2024-01-02',
    )
    const session = await open(folder, await lake.catalog.entries())
    expect(await rowsOf(session, 'SELECT id, note FROM work.shifts ORDER BY id')).toEqual([
      [new JsonNumber('1'), null],
      [new JsonNumber('2'), 'new'],
    ])
  })

  test('shows the newest version under the name of the table, older ones with theirs', async () => {
    const folder = await tempFolder()
    const lake = await smallLake(folder)
    for (const version of [1, 10, 9]) {
      await lake.register(shifts(version))
      await lake.land(shifts(version), [
        ['insert', position(1), 0, 0, null, null, String(version), null, null, null, null],
      ])
    }
    const session = await open(folder, await lake.catalog.entries())
    const found = await rowsOf(
      session,
      `SELECT (SELECT id FROM work.shifts), (SELECT id FROM work.shifts_v9), (SELECT id FROM work.shifts_v1),
        (SELECT count(*) FROM work.shifts_history), (SELECT count(*) FROM work.shifts_v1_history)`,
    )
    expect(found).toEqual([['10', '9', '1', '1', '1'].map((text) => new JsonNumber(text))])
  })

  test('makes the views that a query names; what there is it lists without their files, of the same columns', async () => {
    const folder = await tempFolder()
    const lake = await smallLake(folder)
    const names = ['work.shifts', 'work.rota', 'hr.shifts'] as const
    for (const name of names) {
      await lake.register(shifts(1, {}, name))
      await lake.land(shifts(1, {}, name), [
        ['insert', position(1), 0, 0, null, null, '1', null, null, null, null],
      ])
    }
    const session = await open(folder, await lake.catalog.entries())
    const views = async () => {
      const reader = await session.connection.runAndReadAll(
        `SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1`,
      )
      return reader.getRowsJson().flat()
    }
    const count = async (from: string) => (await rowsOf(session, `SELECT count(*) FROM ${from}`))[0]?.[0]
    const one = new JsonNumber('1')
    expect(await views()).toEqual([])
    expect(await count('work.rota')).toEqual(one)
    expect(await count('(WITH own AS (SELECT 1) SELECT * FROM own)')).toEqual(one)
    expect(await views()).toEqual(['work.rota', 'work.rota_history'])

    const listed =
      'SELECT table_schema, table_name, column_name, data_type, ordinal_position FROM information_schema.columns'
    const before = (await rowsOf(session, listed)).map(String).sort()
    for (const name of names) {
      expect(await count(`"${name.replace('.', '"."').toUpperCase()}"`)).toEqual(one)
      expect(await count(`${name}_as_of('${position(5)}')`)).toEqual(one)
      expect(await count(`${name}_at('9999-01-01')`)).toEqual(one)
    }
    expect((await rowsOf(session, listed)).map(String).sort()).toEqual(before)
    expect(before.filter((line) => line.startsWith('hr,shifts,'))).not.toEqual([])
    await expect(count('work.rotas')).rejects.toThrow('Did you mean "rota"')
  })

  test('opens on a folder whose name has what SQL and globs give a meaning', async () => {
    const folder = join(await tempFolder(), "it's [a] lake? *")
    await mkdir(folder)
    const lake = await smallLake(folder)
    await lake.register(shifts(1))
    await lake.land(shifts(1), [['insert', position(1), 0, 0, null, null, '1', null, null, null, null]])
    const session = await open(folder, await lake.catalog.entries())
    expect(await rowsOf(session, 'SELECT id FROM work.shifts')).toEqual([[new JsonNumber('1')]])
  })

  test.each(['main', 'temp', 'system', 'memory', 'order'])(
    'opens with a database named %s',
    async (database) => {
      const folder = await tempFolder()
      const lake = await smallLake(folder)
      await lake.register(shifts(1, {}, `${database}.shifts`))
      await lake.register(shifts(1))
      const session = await open(folder, await lake.catalog.entries())
      expect(await rowsOf(session, 'SELECT id FROM work.shifts')).toEqual([])
    },
  )

  test('G9 hands a large result out in batches, and another query may follow one that was left', async () => {
    const session = await open(await tempFolder(), [], { memoryLimit: '100MB' })
    const { batches } = await session.query(`SELECT repeat('x', 100) || i FROM range(5_000_000) t(i)`)
    let seen = 0
    for await (const batch of batches) {
      expect(batch.length).toBeLessThan(100_000)
      seen += 1
      if (seen === 3) break
    }
    expect(seen).toBe(3)
    expect(await rowsOf(session, 'SELECT 1')).toEqual([[1]])
  })

  test('names a query that does not compile or run query/invalid', async () => {
    const session = await open(await tempFolder(), [])
    for (const sql of ['SELEC 1', 'SELECT', 'SELECT * FROM nowhere', 'SELECT nope', "SELECT 'x'::INTEGER"])
      await expect(rowsOf(session, sql), sql).rejects.toMatchObject({ code: 'query/invalid' })
    await expect(rowsOf(session, 'SELECT 1 FROM WHERE')).rejects.toThrow('LINE 1')
    await expect(
      rowsOf(session, 'SELECT (i + 9223372036854775000)::BIGINT FROM range(2000) t(i)'),
    ).rejects.toMatchObject({
      code: 'query/invalid',
    })
  })

  test.each([
    'SELECT 1;',
    'EXPLAIN SELECT 1',
    'explain analyze select 1',
    'DESCRIBE SELECT 1',
    'SHOW TABLES',
    'SUMMARIZE SELECT 1 AS a',
    'VALUES (1)',
    'WITH a AS (SELECT 1) FROM a',
    'SELECT * FROM range(3), unnest([1, 2])',
    "SELECT * FROM json_each('[1]')",
    'SELECT table_name FROM information_schema.tables',
  ])('answers %s', async (sql) => {
    const session = await open(await tempFolder(), [])
    await expect(rowsOf(session, sql)).resolves.toBeDefined()
  })
})
