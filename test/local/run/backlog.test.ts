import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SourceServer, startSource, until } from '../../engine/postgres/source-server.ts'
import { whole } from '../../support/budget.ts'
import { AddingFixture } from './adding-fixture.ts'

let server: SourceServer
let lab: AddingFixture

beforeAll(async () => {
  server = await startSource()
  lab = await AddingFixture.open(server)
})
afterAll(async () => {
  await lab.close()
  await server.stop()
})

/* What happens at the source while nothing runs, and the next start. */
async function meanwhile(sql: string): Promise<void> {
  await lab.stop()
  await lab.sql(sql)
  await lab.start(['public.*', 'other.*'])
  expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
}

/* Changes of a source table that came in, and those of them that wait. */
async function changesOf(table: string) {
  const { raw, quarantine } = lab.run.pipeline
  const waiting: string[] = []
  for await (const { reasons } of quarantine.list({ table }))
    waiting.push(...reasons.map(({ code, message }) => `${code} ${message}`))
  return { changes: raw.changesByTable().get(table) ?? 0, waiting }
}

test('G1 changes of a table that is gone at the next start are in the lake', async () => {
  await lab.sql(`create schema other;
    create table gone (id int primary key, v text); insert into gone values (1, 'a');
    create table moved (id int primary key, v text); insert into moved values (1, 'a');
    create table anew (id int primary key, v text); insert into anew values (1, 'a')`)
  await lab.reopen(['public.*', 'other.*'])
  await meanwhile(`
    insert into gone values (2, 'b'); update gone set v = 'c' where id = 1; drop table gone;
    insert into moved values (2, 'b'); alter table moved set schema other; insert into other.moved values (3, 'c');
    insert into anew values (2, 'b'); drop table anew; create table anew (id int primary key, n int); insert into anew values (7, 7)`)
  expect(await changesOf('public.gone')).toEqual({ changes: 2, waiting: [] })
  expect(await changesOf('public.moved')).toEqual({ changes: 1, waiting: [] })
  expect((await changesOf('other.moved')).waiting).toEqual([])
  expect((await changesOf('public.anew')).waiting).toEqual([])
  expect(lab.run.pipeline.ended.map(({ name }) => name).toSorted()).toEqual(['public.gone', 'public.moved'])
  expect(lab.run.status().tables.filter(({ state }) => state === 'ended')).toMatchObject([
    { source: 'public.gone', changes: 2 },
    { source: 'public.moved', changes: 1 },
  ])
  expect(await lab.verdicts('other.moved')).toEqual(['other.moved'])
})

whole('G1 a table that was renamed twice has each change under the name of its time', async () => {
  await lab.sql('create table first_name (id int primary key)')
  await lab.reopen(['public.*'])
  await meanwhile(`insert into first_name values (1); alter table first_name rename to second_name;
    insert into second_name values (2); alter table second_name rename to third_name; insert into third_name values (3)`)
  expect(await changesOf('public.first_name')).toEqual({ changes: 1, waiting: [] })
  expect(await changesOf('public.second_name')).toMatchObject({
    changes: 1,
    waiting: [expect.stringContaining('format/no-contract')],
  })
  expect(await lab.verdicts('public.third_name')).toEqual(['public.third_name'])
  /* A contract for that name, and a load behind the change: it waits for nobody any more. */
  await meanwhile('alter table third_name rename to second_name')
  expect(await lab.verdicts('public.second_name')).toEqual(['public.second_name'])
  await until(async () => (await changesOf('public.second_name')).waiting.length === 0)
  expect(await lab.verdicts('public.second_name')).toEqual(['public.second_name'])
})

whole('G5 values of a domain that is gone when they are read have the form of its base type', async () => {
  await lab.sql(`create domain flag as boolean; create domain inner_at as timestamp; create domain at as inner_at;
    create table typed (id int primary key, f flag, t at)`)
  await lab.reopen(['public.*'])
  await meanwhile(`
    create domain late as timestamptz;
    insert into typed values (1, true, '2026-01-02 03:04:05');
    alter table typed add l late; insert into typed values (2, false, '2026-01-02 03:04:05', '2026-01-02 03:04:05+00');
    alter table typed alter f type boolean, alter t type timestamp, alter l type timestamptz;
    drop domain flag; drop domain at; drop domain late`)
  expect(await changesOf('public.typed')).toEqual({ changes: 2, waiting: [] })
  expect(await lab.verdicts('public.typed')).toEqual(['public.typed'])
  expect(lab.run.status().tables.find(({ source }) => source === 'public.typed')?.definitions).toEqual(
    expect.arrayContaining(['add-column', 'column-type-change']),
  )
})
