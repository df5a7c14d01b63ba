import { truncate } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import { stringifyJson } from '../../../core/json.ts'
import { loadPosition } from '../../../core/position.ts'
import { readSourceCatalog, type SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { sampleRow } from '../../../engine/postgres/copy/sample-row.ts'
import { openEngine, reference, refusals, rewritten } from '../../engine/load-file/load-run.ts'
import { LoadFolder } from '../../engine/postgres/load-files.ts'
import {
  collect,
  dataText,
  prepare,
  type SourceDatabase,
  type SourceServer,
  startSource,
} from '../../engine/postgres/source-server.ts'
import { ROWS, TYPES } from '../../engine/postgres/typed-table.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

/* Gives every new session settings of its own: they must not show in what is read. */
async function unsettle({ client, name }: SourceDatabase): Promise<void> {
  await client.query(`alter database ${name} set datestyle = 'German';
    alter database ${name} set timezone = 'Asia/Tokyo';
    alter database ${name} set intervalstyle = 'iso_8601';
    alter database ${name} set bytea_output = 'escape';
    alter database ${name} set extra_float_digits = 0`)
}

async function load({ source }: SourceDatabase, table: SourceTable | undefined) {
  const folder = await LoadFolder.open()
  await folder.write(source, table)
  const changes = await folder.changes()
  return changes.map(({ data }) => data)
}

describe('the rows of a load file', () => {
  test('G5: have the text that the stream sends of them, whatever their type', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    const { tables } = await prepare(database, 'typed')
    await database.client.query(ROWS)
    const loaded = (await load(database, tables[0])).map((data) => `{"data":${stringifyJson(data)}`)
    const stream = collect(database, tables, { slot: 'typed' })
    await database.client.query('update typed set id = id')
    await stream.caughtUp(database.client)
    await stream.stop()
    const streamed = stream.records.map(dataText)
    expect(loaded).toHaveLength(4)
    expect(streamed.slice(0, 4).sort()).toEqual(loaded.toSorted())
    expect(streamed.slice(4).sort()).toEqual(loaded.toSorted())
  })

  test('have each type in the form of DMS, without loss', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    await database.client.query(ROWS)
    const [table] = await readSourceCatalog(database.client)
    const rows = (await load(database, table)).toSorted((a, b) => Number(a['id']) - Number(b['id']))
    const part = (row: number, column: string) => stringifyJson(rows[row]?.[column] ?? null)
    expect(['i2', 'i4', 'i8', 'n', 'n2', 'f4', 'f8', 'b'].map((name) => part(0, name))).toEqual([
      '-32768',
      '-2147483648',
      '-9223372036854775808',
      '"NaN"',
      '-0.0000000001',
      '"NaN"',
      '-0',
      'true',
    ])
    expect(['i8', 'n', 'f4', 'f8', 'b'].map((name) => part(1, name))).toEqual([
      '9223372036854775807',
      '12345678901234567890123456789012345678.000000000100',
      '3.4028235e+38',
      '1e-308',
      'false',
    ])
    expect(['n', 'f4', 'f8'].map((name) => part(2, name))).toEqual([
      '"Infinity"',
      '"-Infinity"',
      '"Infinity"',
    ])
    expect(['c', 'v', 'by', 'd', 'tm', 'tz', 'ts', 'tsz', 'iv', 'ts3'].map((name) => part(0, name))).toEqual([
      '"a b"',
      '""',
      '"00ff5c"',
      '"0001-01-01"',
      '"00:00:00.000001"',
      '"12:00:00+05:30"',
      '"2024-07-29T00:58:44.895200Z"',
      '"2024-07-29T00:58:44.100000Z"',
      '"-1 days +02:03:04.5"',
      '"2024-01-01T00:00:00.120000Z"',
    ])
    expect(['c', 'by', 'ts', 'tsz'].map((name) => part(1, name))).toEqual([
      '""',
      '""',
      '"9999-12-31T23:59:59.999999Z"',
      '"0001-01-01T00:00:00Z"',
    ])
    expect(['t', 'd', 'ts', 'tsz'].map((name) => part(2, name))).toEqual([
      '"\\\\N"',
      '"infinity"',
      '"infinity"',
      '"-infinity"',
    ])
    expect(['d', 'ts', 'tsz', 't'].map((name) => part(3, name))).toEqual([
      '"0044-03-15 BC"',
      '"0044-03-15 01:02:03.5 BC"',
      '"12024-01-01 00:00:00.5+00"',
      '"\\\\"',
    ])
    expect(['u', 'j', 'jb', 'ai', 'm', 'dl', 'dc', 'p'].map((name) => part(0, name))).toEqual([
      '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"',
      '"{\\"a\\": 1.10,  \\"a\\": [null]}"',
      '"{\\"a\\": \\"é\\", \\"b\\": 1.10}"',
      '"{{1,2},{3,NULL}}"',
      '"so \\"so\\""',
      '2.5',
      '"ab"',
      '"(1,\\"x,y\\"\\"\\")"',
    ])
    expect(rows[0]?.['t']).toBe('q"\\ \b\f\n\r\t\v\x01\x7f é 😀')
  })

  test('are those that a sample of the table is', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    await database.client.query(ROWS)
    const { client } = database
    const [table] = await readSourceCatalog(client)
    const loaded = await load(database, table)
    expect(loaded).toHaveLength(4)
    for (const row of loaded) {
      await client.query(`begin; delete from typed where id <> ${Number(row['id'])}`)
      const sample = table === undefined ? undefined : await sampleRow(client, table)
      await client.query('rollback')
      expect(sample && stringifyJson(sample)).toBe(stringifyJson(row))
    }
  })

  test('G5: give the lake rows that the stream gives of them, what the contract does not name included', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    await database.client.query(ROWS)
    const [source] = await readSourceCatalog(database.client)
    if (source === undefined) throw new Error('no table')
    const written = await LoadFolder.open()
    await written.write(database.source, source)
    const [key = ''] = await written.keys()
    const rows = (await written.changes()).map(({ data }) => data)
    const whole = inferTable(source, { system: 'typed', guessPii: false })
    const { id } = whole.columns
    const narrow = { ...whole, columns: id === undefined ? {} : { id }, unknownFields: 'keep' as const }
    for (const table of [whole, narrow]) {
      const { engine, folder } = await openEngine()
      const landed = await rewritten(engine, folder, written.objects.path(key), table)
      const streamed = await reference(engine, folder, rows, table)
      expect(landed.rows).toEqual(streamed.rows)
      expect(refusals(landed.refused)).toEqual(refusals(streamed.refused))
    }
  })

  test('G5: keep as numbers what are numbers at the source and text in the file, also where no contract names them', async () => {
    const database = await server.database(`create table figures (id int primary key, n numeric);
      insert into figures values (1, 1.50), (2, 'NaN'), (3, null), (4, '-Infinity'), (5, 1e30), (6, '-0.00'), (7, 'Infinity')`)
    const [source] = await readSourceCatalog(database.client)
    if (source === undefined) throw new Error('no table')
    const written = await LoadFolder.open()
    await written.write(database.source, source)
    const [key = ''] = await written.keys()
    const rows = (await written.changes()).map(({ data }) => data)
    expect(rows.map(({ n }) => stringifyJson(n ?? null)).sort()).toEqual(
      ['1.50', '"NaN"', 'null', '"-Infinity"', `1${'0'.repeat(30)}`, '0.00', '"Infinity"'].sort(),
    )
    const whole = inferTable(source, { system: 'figures', guessPii: false })
    const { id } = whole.columns
    const narrow = { ...whole, columns: id === undefined ? {} : { id }, unknownFields: 'keep' as const }
    const { engine, folder } = await openEngine()
    const landed = await rewritten(engine, folder, written.objects.path(key), narrow)
    expect(landed.rows).toEqual((await reference(engine, folder, rows, narrow)).rows)
    /* None of them had to pass through the row codec to be so. */
    expect(landed.passedOn).toBe(0)
  })

  test('leave generated columns out, as the stream does', async () => {
    const database = await server.database(
      'create table g (id int primary key, twice int generated always as (id * 2) stored)',
    )
    const { tables } = await prepare(database, 'generated')
    await database.client.query('insert into g values (1)')
    const loaded = await load(database, tables[0])
    const stream = collect(database, tables, { slot: 'generated' })
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(loaded).toEqual([{ id: 1 }])
    expect(stream.records.map(dataText)).toEqual(['{"data":{"id":1}'])
  })

  test('come as loads of their table at its position, each once, or as many as are asked for', async () => {
    const database = await server.database(`create table wide (id int primary key, body text);
      insert into wide select i, repeat('x', 2000) from generate_series(1, 25000) i`)
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await folder.write(database.source, table)
    const changes = await folder.changes()
    expect(new Set(changes.map(({ data }) => data['id'])).size).toBe(25_000)
    expect(changes).toHaveLength(25_000)
    const [change] = changes
    expect(change).toMatchObject({
      table: 'public.t',
      operation: 'load',
      committedAt: null,
      before: undefined,
    })
    expect(change?.position).toBe(loadPosition(1, 16n))
    expect(await folder.changes(7)).toHaveLength(7)
    expect(await folder.leftovers()).toEqual([])
  })

  test('of a file that breaks off are none, and the error names the file', async () => {
    const database = await server.database(
      'create table item (id int primary key); insert into item values (1)',
    )
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await folder.write(database.source, table)
    const [key = ''] = await folder.keys()
    await truncate(folder.objects.path(key), 100)
    await expect(folder.changes()).rejects.toMatchObject({
      code: 'landing/corrupt',
      message: expect.stringContaining(key),
    })
    expect(await folder.leftovers()).toEqual([])
  })
})
