import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isJsonObject, parseJsonObject, stringifyJson } from '../../../core/json.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { loadTable } from '../../../local/replicator/load-table.ts'
import { openSnapshot } from '../../../local/replicator/snapshot.ts'
import { readSourceCatalog, type SourceTable } from '../../../local/replicator/source-catalog.ts'
import {
  collect,
  dataText,
  envelope,
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

async function load(database: SourceDatabase, table: SourceTable, batchBytes?: number) {
  const snapshot = await openSnapshot(database.source)
  const records: StreamRecord[] = []
  const batches: number[] = []
  try {
    const emit = async (batch: StreamRecord[]) => {
      records.push(...batch)
      batches.push(batch.reduce((bytes, record) => bytes + record.data.length, 0))
    }
    const { rows } = await loadTable(database.source, snapshot, table, emit, {
      ...(batchBytes === undefined ? {} : { batchBytes }),
    })
    return { rows, records, batches, lsn: snapshot.lsn }
  } finally {
    await snapshot.close()
  }
}

/* Gives every new session settings of its own: they must not show in what is read. */
async function unsettle({ client, name }: SourceDatabase): Promise<void> {
  await client.query(`alter database ${name} set datestyle = 'German';
    alter database ${name} set timezone = 'Asia/Tokyo';
    alter database ${name} set intervalstyle = 'iso_8601';
    alter database ${name} set bytea_output = 'escape';
    alter database ${name} set extra_float_digits = 0`)
}

describe('a full load', () => {
  test('gives a value the same text as the stream does, whatever its type', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    const { tables } = await prepare(database, 'typed')
    await database.client.query(ROWS)
    const loaded = await load(database, tables[0] as SourceTable)
    const stream = collect(database, tables, { slot: 'typed' })
    await database.client.query('update typed set id = id')
    await stream.caughtUp(database.client)
    await stream.stop()
    const byKey = (records: readonly StreamRecord[], operation: string) =>
      records
        .filter((record) => envelope(record).metadata['operation'] === operation)
        .map(dataText)
        .sort()
    expect(loaded.rows).toBe(4)
    expect(byKey(loaded.records, 'load')).toHaveLength(4)
    expect(byKey(stream.records, 'update')).toEqual(byKey(loaded.records, 'load'))
    expect(byKey(stream.records, 'insert')).toEqual(byKey(loaded.records, 'load'))
  })

  test('writes each type in the form of DMS, without loss', async () => {
    const database = await server.database(TYPES)
    await unsettle(database)
    await database.client.query(ROWS)
    const [table] = await readSourceCatalog(database.client)
    const { records } = await load(database, table as SourceTable)
    const rows = records.slice(1).map((record) => parseJsonObject(`${dataText(record)}}`)['data'])
    const part = (row: number, column: string) => {
      const data = rows[row]
      return isJsonObject(data) ? stringifyJson(data[column] ?? null) : ''
    }
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
    expect(envelope(records[1] as StreamRecord).data['t']).toBe('q"\\ \b\f\n\r\t\v\x01\x7f é 😀')
  })

  test('starts with the table as DMS defines it', async () => {
    const database = await server.database(TYPES)
    const [table] = await readSourceCatalog(database.client)
    const { records, rows } = await load(database, table as SourceTable)
    expect(rows).toBe(0)
    expect(records).toHaveLength(1)
    const { control, metadata } = envelope(records[0] as StreamRecord)
    expect(metadata).toMatchObject({
      operation: 'create-table',
      'table-name': 'typed',
      'record-type': 'control',
    })
    expect(metadata).not.toHaveProperty('stream-position')
    expect(control).toMatchObject({
      'table-def': {
        'primary-key': ['id'],
        columns: {
          id: { type: 'INT64', nullable: false },
          i2: { type: 'INT16' },
          i4: { type: 'INT32', nullable: true },
          n: { type: 'DECIMAL', nullable: true },
          n2: { type: 'DECIMAL', precision: 38, scale: 10 },
          f4: { type: 'FLOAT' },
          f8: { type: 'DOUBLE' },
          b: { type: 'BOOL' },
          c: { type: 'STRING', length: 8 },
          v: { type: 'STRING', length: 20 },
          by: { type: 'BINARY' },
          d: { type: 'DATE32' },
          tm: { type: 'TIME32' },
          tz: { type: 'STRING' },
          tsz: { type: 'TIMESTAMP' },
          dl: { type: 'DECIMAL', precision: 4, scale: 1 },
          dc: { type: 'STRING', length: 5 },
        },
      },
    })
  })

  test('leaves generated columns out of rows, stream and definition alike', async () => {
    const database = await server.database(
      'create table g (id int primary key, twice int generated always as (id * 2) stored)',
    )
    const { tables } = await prepare(database, 'generated')
    await database.client.query('insert into g values (1)')
    const loaded = await load(database, tables[0] as SourceTable)
    const stream = collect(database, tables, { slot: 'generated' })
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(loaded.records.slice(1).concat(stream.records).map(dataText)).toEqual([
      '{"data":{"id":1}',
      '{"data":{"id":1}',
    ])
  })

  test('of a parent leaves the rows of its children to them, of a root it has those of its partitions', async () => {
    const database = await server.database(`
      create table parent (id int primary key); create table child (primary key (id)) inherits (parent);
      create table root (id int primary key) partition by range (id);
      create table root_1 partition of root for values from (0) to (10);
      insert into parent values (1); insert into child values (2); insert into root values (3)`)
    const loaded: string[] = []
    for (const table of await readSourceCatalog(database.client)) {
      const { records } = await load(database, table)
      loaded.push(...records.slice(1).map((record) => record.partitionKey))
    }
    expect(loaded).toEqual(['public.child.2', 'public.parent.1', 'public.root.3'])
  })

  test('reads no further while a batch is being taken, and emits batches of the asked size', async () => {
    const database = await server.database(`create table wide (id int primary key, body text);
      insert into wide select i, repeat('x', 1000) from generate_series(1, 5000) i`)
    const [table] = await readSourceCatalog(database.client)
    const { rows, records, batches } = await load(database, table as SourceTable, 256 * 1024)
    expect([rows, records.length]).toEqual([5_000, 5_001])
    expect(batches.length).toBeGreaterThan(15)
    expect(Math.max(...batches)).toBeLessThan(258 * 1024)
  })

  test('passes on what its consumer throws, and stops at once when told to', async () => {
    const database = await server.database(`create table wide (id int primary key, body text);
      insert into wide select i, repeat('x', 1000) from generate_series(1, 20000) i`)
    const [table] = await readSourceCatalog(database.client)
    const snapshot = await openSnapshot(database.source)
    const failing = loadTable(
      database.source,
      snapshot,
      table as SourceTable,
      () => Promise.reject(new Error('full')),
      { batchBytes: 1 },
    )
    await expect(failing).rejects.toThrow('full')
    const stopping = new AbortController()
    let emits = 0
    const stopped = loadTable(
      database.source,
      snapshot,
      table as SourceTable,
      async () => {
        emits += 1
        stopping.abort(new Error('told to stop'))
      },
      { batchBytes: 1, signal: stopping.signal },
    )
    await expect(stopped).rejects.toThrow('told to stop')
    expect(emits).toBeLessThan(5)
    await snapshot.close()
  })

  test('of a table that the role may not read names the grant', async () => {
    const database = await server.database(`create table secret (id int primary key);
      drop role if exists reader; create role reader login replication password 'reader'`)
    const [table] = await readSourceCatalog(database.client)
    const url = new URL(database.source.url)
    url.username = 'reader'
    url.password = 'reader'
    const snapshot = await openSnapshot({ url: url.href })
    const refused = loadTable({ url: url.href }, snapshot, table as SourceTable, async () => undefined)
    await expect(refused).rejects.toMatchObject({
      code: 'source/privilege',
      message: expect.stringContaining('GRANT SELECT ON "public"."secret" TO "reader";'),
    })
    await snapshot.close()
  })

  test('without its snapshot fails instead of reading another state', async () => {
    const database = await server.database('create table item (id int primary key)')
    const [table] = await readSourceCatalog(database.client)
    const snapshot = await openSnapshot(database.source)
    await snapshot.close()
    const late = loadTable(database.source, snapshot, table as SourceTable, async () => undefined)
    await expect(late).rejects.toMatchObject({ code: 'source/unreachable' })
  })
})
