import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { LoadFolder } from './load-files.ts'
import { asReader, refusal, type SourceServer, startSource } from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const WIDE = `create table wide (id int primary key, body text);
  insert into wide select i, repeat(md5(i::text), 32) from generate_series(1, 20000) i`

describe('a full load that breaks off', () => {
  test('leaves no scratch file, whoever stopped it', async () => {
    const database = await server.database(WIDE)
    const [table] = await readSourceCatalog(database.client)
    const failed = await LoadFolder.open()
    const failing = failed.write(database.source, table, {
      fileBytes: 1024 * 1024,
      onFile: () => Promise.reject(new Error('full')),
    })
    await expect(failing).rejects.toThrow('full')
    expect(await failed.leftovers()).toEqual([])
    const stopped = await LoadFolder.open()
    const stopping = new AbortController()
    const stop = stopped.write(database.source, table, {
      fileBytes: 1024 * 1024,
      signal: stopping.signal,
      onFile: ({ key }) => {
        if (key.endsWith('3.parquet')) stopping.abort(new Error('told to stop'))
      },
    })
    await expect(stop).rejects.toThrow('told to stop')
    expect(await stopped.keys()).toHaveLength(3)
    expect(await stopped.leftovers()).toEqual([])
  })

  test('when the connection is lost is source/unreachable', async () => {
    const database = await server.database(WIDE)
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    const refused = refusal(
      folder.write(database.source, table, {
        fileBytes: 1024 * 1024,
        onFile: async () => {
          await database.client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidemark load'`,
          )
        },
      }),
    )
    expect((await refused).code).toBe('source/unreachable')
    expect(await folder.leftovers()).toEqual([])
  })

  test('at a silent server ends by its deadline', async () => {
    const database = await server.database('create table item (id int primary key)')
    const [table] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await database.client.query('begin isolation level repeatable read')
    const { rows } = await database.client.query<{ name: string }>('select pg_export_snapshot() as name')
    await database.client.query('lock table item in access exclusive mode')
    const snapshotName = rows[0]?.name ?? ''
    const { code } = await refusal(
      folder.write(database.source, table, { silenceMs: 300, snapshotName }),
    ).finally(() => database.client.query('rollback'))
    expect(code).toBe('source/unreachable')
  })

  test('says that the table was dropped, that the role may not read it, or that the snapshot is gone', async () => {
    const database = await server.database(
      'create table gone (id int primary key); create table secret (id int primary key)',
    )
    const [gone, secret] = await readSourceCatalog(database.client)
    const folder = await LoadFolder.open()
    await database.client.query('drop table gone')
    expect((await refusal(folder.write(database.source, gone))).code).toBe('source/table-gone')
    const reader = await asReader(database, 'alter role reader replication')
    expect(await refusal(folder.write(reader, secret))).toMatchObject({
      code: 'source/privilege',
      message: expect.stringContaining('GRANT SELECT ON "public"."secret" TO "reader";'),
    })
    const late = folder.write(database.source, secret, { snapshotName: '00000003-0000001B-1' })
    expect((await refusal(late)).code).toBe('source/unreachable')
  })

  test('at a row that PostgreSQL cannot read says how to find it', async () => {
    const database = await server.database(
      `drop type if exists mood; create type mood as enum ('fine'); create table damaged (id int primary key, mood mood, body text)`,
    )
    await database.client.query(`insert into damaged select i, 'fine', 'x' from generate_series(1, 3) i`)
    const [damaged] = await readSourceCatalog(database.client)
    await database.client.query(
      `set allow_system_table_mods = on; delete from pg_enum where enumlabel = 'fine'`,
    )
    const folder = await LoadFolder.open()
    const { code, message } = await refusal(folder.write(database.source, damaged))
    expect(code).toBe('source/unreadable-row')
    const sql = /Its largest rows: (.*)$/.exec(message)?.[1] ?? ''
    expect((await database.client.query(sql)).rows).toHaveLength(3)
  })
})
