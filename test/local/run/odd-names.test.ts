import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { AddingFixture } from './adding-fixture.ts'

const NAMES = [
  '"app.v2".users',
  '"a.b".c',
  'a."b.c"',
  'public.заказы',
  'public.клиенты',
  'public."say ""hi"""',
  'public."two*"',
]

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

function create(name: string): string {
  return `CREATE TABLE ${name} (id int PRIMARY KEY, v text); INSERT INTO ${name} VALUES (1, 'one'), (2, 'two')`
}

test('G2 schemas and tables with dots, quotes, stars and no Latin letters are tables of their own', async () => {
  await lab.sql('CREATE SCHEMA "app.v2"; CREATE SCHEMA "a.b"; CREATE SCHEMA a')
  for (const name of NAMES) await lab.sql(create(name))
  await lab.reopen(['app.v2.*', '"a.b".*', 'a.*', 'public.*'])
  for (const [index, name] of NAMES.entries())
    await lab.sql(
      `INSERT INTO ${name} VALUES (3, 'of ${index}'); UPDATE ${name} SET v = 'now' WHERE id = 1; DELETE FROM ${name} WHERE id = 2`,
    )
  const sources = lab.run.tables.map(({ source }) => source.table)
  expect(sources.toSorted()).toEqual(['public.orders', ...NAMES].toSorted())
  const verdicts = await lab.verdicts()
  expect(verdicts).toHaveLength(NAMES.length + 1)
  expect(verdicts.filter((verdict) => verdict.startsWith('!'))).toEqual([])
})

test('one of them is added and loaded by its own name while the others go on', async () => {
  await lab.sql(create('"app.v2"."new.one"'))
  await lab.add(['"app.v2"."new.one"'])
  await lab.sql(`DELETE FROM "app.v2"."new.one" WHERE id = 1`)
  expect(await lab.verdicts('"app.v2"."new.one"')).toEqual(['app_v2.new_one'])
})
