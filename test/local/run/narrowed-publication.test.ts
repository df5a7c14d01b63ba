import { afterAll, beforeAll, expect, test } from 'vitest'
import { examineSource } from '../../../local/doctor/examine-source.ts'
import { type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { AddingFixture, newTable } from './adding-fixture.ts'

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

const leftOut = () => lab.run.status().leftOut.map(({ table, code }) => `${table} ${code}`)
const mending = () =>
  lab.run
    .status()
    .leftOut.flatMap(({ fix }) => fix)
    .filter(({ kind }) => kind === 'sql')
    .map(({ text }) => text)

const doctor = async () => {
  const checks = await examineSource(lab.database.source, {
    reader: 'tidemark',
    patterns: ['public.*'],
    slot: 'adding',
    publication: 'adding',
    known: true,
  })
  return checks.find(({ id }) => id === 'source.publication')
}

/* What is printed is run as it stands, and a start follows everything again. */
async function mended(statements: readonly string[]): Promise<void> {
  for (const text of statements) await lab.sql(text)
  await lab.reopen(['public.*'])
}

test('what a publication leaves out of a table leaves that out, by name; the rest goes on, and mended it is loaded again', async () => {
  await lab.sql(`${['filtered', 'narrow', 'dropped', 'whole'].map((name) => newTable(name)).join(';')};
    create table parted (id int primary key) partition by range (id);
    create table parted_1 partition of parted for values from (0) to (100); insert into parted values (1)`)
  await lab.reopen(['public.*'])
  await lab.stop()
  await lab.sql(`alter publication adding drop table filtered, narrow, dropped;
    alter publication adding add table only filtered where (id < 5), only narrow (id, n);
    alter publication adding set (publish_via_partition_root = false); insert into parted values (2);
    update filtered set n = -1 where id > 5; update narrow set note = 'unsent' where id = 1;
    delete from dropped where id = 3; update whole set n = 0 where id = 1`)
  await lab.start(['public.*'])
  const names = ['public.filtered', 'public.narrow', 'public.parted']
  expect(leftOut()).toEqual(names.map((name) => `${name} source/publication`))
  expect(await lab.verdicts()).toEqual(['public.dropped', 'public.orders', 'public.whole'])
  const found = await doctor()
  expect(found).toMatchObject({ state: 'fail', code: 'source/publication' })
  expect(found?.fix.map(({ text }) => text)).toEqual(mending())
  expect(await lab.add(['public.filtered']).catch(({ message }: Error) => message)).toContain(mending()[0])

  await mended(mending())
  expect(leftOut()).toEqual([])
  expect(await lab.verdicts(...names)).toEqual(names)
}, 180_000)

test('a table that the role may not put back is left out with the statement for its owner', async () => {
  await lab.stop()
  const { source } = lab.database
  await lab.sql(`create role follower login password 'follower' replication superuser; alter publication adding owner to follower;
    alter role follower nosuperuser; grant usage on schema public to follower;
    grant select on all tables in schema public to follower;
    grant execute on function pg_control_system() to follower;
    alter publication adding drop table dropped`)
  const url = new URL(source.url)
  url.username = 'follower'
  url.password = 'follower'
  try {
    await lab.start(['public.*'], { source: { url: url.href } })
    expect(leftOut()).toEqual(['public.dropped source/publication'])
    expect(await lab.verdicts('public.orders', 'public.whole')).toEqual(['public.orders', 'public.whole'])
    await mended(mending())
    expect(leftOut()).toEqual([])
    expect(await lab.verdicts('public.dropped')).toEqual(['public.dropped'])
  } finally {
    await lab.stop()
    await lab.sql(
      'alter publication adding owner to current_user; drop owned by follower; drop role follower',
    )
  }
}, 180_000)

test('kinds of changes that are not published are those of all tables: the start is refused with the SQL', async () => {
  await lab.stop()
  await lab.sql(`alter publication adding set (publish = 'insert')`)
  const refused = await lab.start(['public.*']).catch((error: Error) => error)
  expect(refused).toMatchObject({
    code: 'source/publication',
    message: expect.stringMatching(/ALTER PUBLICATION "adding" SET \(publish = 'insert, /),
  })
}, 180_000)
