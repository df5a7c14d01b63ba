import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isJsonObject, parseJsonObject, stringifyJson } from '../../../core/json.ts'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { columnTypes, LoadFolder } from './load-files.ts'
import {
  collect,
  dataText,
  prepare,
  type SourceDatabase,
  type SourceServer,
  startSource,
} from './source-server.ts'
import { ROWS, TYPES } from './typed-table.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const WIDE = `create table wide (id int primary key, body text);
  insert into wide select i, repeat(md5(i::text), 32) from generate_series(1, 20000) i`

/* What the stream sends of each row: a string's characters, or the digits of a number. */
async function streamedRows(database: SourceDatabase) {
  const { tables } = await prepare(database, 'typed')
  const stream = collect(database, tables, { slot: 'typed' })
  await database.client.query('update typed set id = id')
  await stream.caughtUp(database.client)
  await stream.stop()
  return stream.records.map((record) => {
    const data = parseJsonObject(`${dataText(record)}}`)['data']
    if (!isJsonObject(data)) throw new Error('no data')
    const entries = Object.entries(data).map(([name, value]) => {
      return [name, value === null || typeof value === 'string' ? value : stringifyJson(value)] as const
    })
    return Object.fromEntries(entries)
  })
}

describe('the files of a full load', () => {
  test('have the types of DMS, and the time of transfer first', async () => {
    const database = await server.database(TYPES)
    await database.client.query(`${ROWS}; delete from typed where id > 2`)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    await folder.write(database.source, table, { now: () => Date.UTC(2026, 10, 23, 4, 5, 6, 78) })
    const { rows, metadata } = await folder.first()
    const types = columnTypes(metadata)
    expect(Object.keys(types)[0]).toBe('DMS_TIMESTAMP')
    expect(types).toMatchObject({
      DMS_TIMESTAMP: 'BYTE_ARRAY/UTF8',
      id: 'INT64/INT_64',
      i2: 'INT32/INT_16',
      i4: 'INT32/INT_32',
      i8: 'INT64/INT_64',
      n: 'BYTE_ARRAY/UTF8',
      n2: 'FIXED_LEN_BYTE_ARRAY/DECIMAL(38,10)',
      f4: 'FLOAT/',
      f8: 'DOUBLE/',
      b: 'BOOLEAN/',
      by: 'BYTE_ARRAY/',
      d: 'INT32/DATE',
      ts: 'INT64/TIMESTAMP_MICROS UTC',
      tsz: 'INT64/TIMESTAMP_MICROS UTC',
      ts3: 'INT64/TIMESTAMP_MICROS UTC',
      dl: 'INT32/DECIMAL(4,1)',
    })
    for (const name of [
      'c',
      'v',
      't',
      'tm',
      'tz',
      'iv',
      'u',
      'j',
      'jb',
      'ai',
      'at',
      'm',
      'dc',
      'p',
      'r',
      'mo',
      'o',
    ])
      expect(types[name], name).toBe('BYTE_ARRAY/UTF8')
    expect(rows[0]).toMatchObject({
      DMS_TIMESTAMP: '2026-11-23 04:05:06.078000',
      id: 1n,
      i2: -32768,
      i4: -2147483648,
      i8: -9223372036854775808n,
      f4: Number.NaN,
      f8: -0,
      b: true,
      c: 'a b',
      by: Uint8Array.of(0, 0xff, 0x5c),
      d: -719162,
      ts: 1_722_214_724_895_200n,
      tsz: 1_722_214_724_100_000n,
      dl: 2.5,
      dc: 'ab',
    })
    expect(rows[1]).toMatchObject({
      i8: 9223372036854775807n,
      f4: Math.fround(3.4028235e38),
      f8: 1e-308,
      by: new Uint8Array(0),
      d: 2_932_896,
      ts: 253_402_300_799_999_999n,
      tsz: -62_135_596_800_000_000n,
    })
  })

  test('hold as text, as the stream sends it, what has no type of its own or does not fit it', async () => {
    const database = await server.database(TYPES)
    await database.client.query(ROWS)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    await folder.write(database.source, table)
    const { rows, metadata } = await folder.first()
    const types = columnTypes(metadata)
    expect(types).toMatchObject({ d: 'BYTE_ARRAY/UTF8', ts: 'BYTE_ARRAY/UTF8', tsz: 'BYTE_ARRAY/UTF8' })
    expect(types['ts3']).toBe('INT64/TIMESTAMP_MICROS UTC')
    const texts = Object.keys(types).filter(
      (name) => types[name] === 'BYTE_ARRAY/UTF8' && name !== 'DMS_TIMESTAMP',
    )
    const streamed = await streamedRows(database)
    expect(streamed).toHaveLength(4)
    for (const name of texts)
      expect(
        rows.map((row) => row[name]),
        name,
      ).toEqual(streamed.map((row) => row[name]))
  })

  test('turn one column into text at a value that its type cannot hold, and no other', async () => {
    const database =
      await server.database(`create table odd (id int primary key, d date, d2 date, n numeric(5,2),
        n2 numeric(5,2), ts timestamp, tz timestamptz, tz2 timestamptz);
      insert into odd values (1, '0044-03-15 BC', '0044-03-15', 'NaN', 1.50, '0044-03-15 00:00:00 BC', '10000-01-01 00:00+00', '2024-01-01 00:00+00'),
        (2, null, null, null, null, null, null, null), (3, '2024-02-29', '9999-12-31', -0.01, 0, '2024-02-29 01:02:03.1', '2024-01-01 00:00+00', '9999-12-31 23:59:59.999999+00')`)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    await folder.write(database.source, table)
    const { rows, metadata } = await folder.first()
    const types = columnTypes(metadata)
    expect(Object.keys(types).filter((name) => types[name] === 'BYTE_ARRAY/UTF8')).toEqual([
      'DMS_TIMESTAMP',
      'd',
      'n',
      'ts',
      'tz',
    ])
    expect(rows.map(({ d, n, ts, tz }) => [d, n, ts, tz])).toEqual([
      ['0044-03-15 BC', 'NaN', '0044-03-15 00:00:00 BC', '10000-01-01 00:00:00+00'],
      [null, null, null, null],
      ['2024-02-29', '-0.01', '2024-02-29T01:02:03.100000Z', '2024-01-01T00:00:00Z'],
    ])
  })

  test('are cut at ends of rows, numbered in hexadecimal, and two scratch files exist at most', async () => {
    const database = await server.database(WIDE)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    const progress: (readonly [number, number])[] = []
    const told: unknown[] = []
    const scratch: number[] = []
    const { rows, files } = await folder.write(database.source, table, {
      fileBytes: 1024 * 1024,
      onRows: (...counts) => progress.push(counts),
      onFile: async (file) => {
        told.push(file)
        await sleep(10)
        scratch.push((await folder.leftovers()).length)
      },
    })
    expect(rows).toBe(20_000)
    const keys = await folder.keys()
    expect(keys.length).toBeGreaterThan(16)
    expect(keys[9]).toBe('landing/loads/l1/public/t/LOAD0000000A.parquet')
    expect(keys[15]).toBe('landing/loads/l1/public/t/LOAD00000010.parquet')
    expect(files.map(({ key }) => key)).toEqual(keys)
    expect(told).toEqual(files)
    expect(progress.at(-1)).toEqual([20_000, files.reduce((sum, { bytes }) => sum + bytes, 0)])
    const read = (await Promise.all(keys.map((key) => folder.rows(key)))).flat()
    expect(new Set(read.map(({ id }) => id)).size).toBe(20_000)
    expect(Math.max(...scratch)).toBeLessThanOrEqual(2)
    expect(await folder.leftovers()).toEqual([])
  })

  test('have row groups of about 10,000 rows', async () => {
    const database = await server.database(`create table narrow (id int primary key);
      insert into narrow select generate_series(1, 45000)`)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    await folder.write(database.source, table)
    const groups = (await folder.first()).metadata.row_groups.map(({ num_rows }) => Number(num_rows))
    expect(groups.reduce((sum, rows) => sum + rows, 0)).toBe(45_000)
    expect(groups.length).toBeGreaterThanOrEqual(4)
    expect(Math.max(...groups)).toBeLessThan(13_000)
  })

  test('are none for an empty table', async () => {
    const database = await server.database('create table item (id int primary key)')
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    expect(await folder.write(database.source, table)).toEqual({ rows: 0, files: [] })
    expect(await folder.keys()).toEqual([])
  })

  test('of a root have the rows of its partitions, of a parent not those of its children, no generated column', async () => {
    const database = await server.database(`
      create table parent (id int primary key, twice int generated always as (id * 2) stored);
      create table child (primary key (id)) inherits (parent);
      create table root (id int primary key) partition by range (id);
      create table root_1 partition of root for values from (0) to (10);
      insert into parent values (1); insert into child values (2); insert into root values (3)`)
    const loaded = []
    for (const table of await readSourceCatalog(database.client)) {
      const folder = await LoadFolder.open()
      await folder.write(database.source, table)
      loaded.push(...(await folder.first()).rows.map(({ DMS_TIMESTAMP: _, ...row }) => row))
    }
    expect(loaded).toEqual([{ id: 2 }, { id: 1 }, { id: 3 }])
  })

  test('keep the names of columns, and hold rows without any', async () => {
    const database = await server.database(`create table none ();
      insert into none default values; insert into none default values;
      create table odd ("a ""b', c" int primary key, "Ünï" int, "select" int, c1 int);
      insert into odd values (1, 2, 3, 4)`)
    const [none, odd] = await readSourceCatalog(database.client)
    const empty = await LoadFolder.open()
    expect((await empty.write(database.source, none)).rows).toBe(2)
    expect(Object.keys((await empty.first()).rows[0] ?? {})).toEqual(['DMS_TIMESTAMP'])
    const folder = await LoadFolder.open()
    await folder.write(database.source, odd)
    expect((await folder.first()).rows[0]).toMatchObject({ 'a "b\', c': 1, Ünï: 2, select: 3, c1: 4 })
  })

  test("say themselves which columns are the table's, whose names may differ in case alone or be those of DMS", async () => {
    const database = await server.database(`create table odd ("A" int primary key, a int, "A_1" int, a_1 int,
        dms_timestamp int, "DMS_TIMESTAMP" int, "Op" int, "é '" int);
      insert into odd values (1, 2, 3, 4, 5, 6, 7, 8)`)
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await folder.write(database.source, table)
    const [change] = await folder.changes()
    expect(Object.entries(change?.data ?? {})).toEqual([
      ...[
        ['A', 1],
        ['a', 2],
        ['A_1', 3],
        ['a_1', 4],
      ],
      ...[
        ['dms_timestamp', 5],
        ['DMS_TIMESTAMP', 6],
        ['Op', 7],
        ["é '", 8],
      ],
    ])
  })

  test('keep -0 apart from 0, however often both come', async () => {
    const database = await server.database(`create table zeros (id int primary key, f8 float8, f4 float4);
      insert into zeros select i, case i % 2 when 0 then '-0'::float8 else 0 end, case i % 2 when 0 then 0 else '-0'::float4 end
        from generate_series(1, 20000) i`)
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await folder.write(database.source, table)
    const { rows } = await folder.first()
    expect(rows).toHaveLength(20_000)
    expect(rows.filter(({ id, f8 }) => Object.is(f8, -0) !== (Number(id) % 2 === 0))).toEqual([])
    expect(rows.filter(({ id, f4 }) => Object.is(f4, -0) !== (Number(id) % 2 === 1))).toEqual([])
  })
})
