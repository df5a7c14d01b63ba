import { afterAll, beforeAll, expect, test } from 'vitest'
import { spread } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

/* The key's type when its contract was inferred, what it becomes, and keys that the first one cannot hold. */
const EVERY: readonly (readonly [name: string, type: string, later: string, keys: readonly string[]])[] = [
  ['k_int', 'int', 'bigint', ['3000000000', '-2147483649']],
  ['k_small', 'smallint', 'int', ['70000']],
  ['k_big', 'bigint', 'numeric', ['123456789012345678901234567890', '1.5']],
  ['k_decimal', 'numeric(5,2)', 'numeric', ['12345678.5', '1.234', '99999']],
  ['k_flag', 'boolean', 'text', ['maybe']],
  ['k_uuid', 'uuid', 'text', ['nope']],
  ['k_day', 'date', 'date', ['infinity', '0044-03-15 BC']],
  ['k_at', 'timestamptz', 'timestamptz', ['infinity', '0044-03-15 12:00:00+00 BC']],
]
/* Keys that their column holds, of rows that another column refuses. */
const EVERY_HELD: readonly (readonly [name: string, type: string, key: string])[] = [
  ['h_double', 'float8', '0.1'],
  ['h_real', 'real', '0.1'],
  ['h_at', 'timestamptz', '2026-01-02 03:04:05.678901+00'],
  ['h_bytes', 'bytea', '\\x00ff'],
  ['h_flag', 'boolean', 'true'],
  ['h_decimal', 'numeric(9,3)', '1.500'],
]

const REFUSED = spread(EVERY, 4)
const HELD = spread(EVERY_HELD, 2)

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  const refused = REFUSED.map(([name, type]) => `create table ${name} (id ${type} primary key);`)
  const held = HELD.map(([name, type]) => `create table ${name} (id ${type} primary key, m mood);`)
  database = await server.database(`create type mood as enum ('a'); ${refused.join('\n')}${held.join('\n')}`)
  lab = await openReconcileFixture(database, [], 'tidemark_refused')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

test('G2 keys that their column cannot hold, of every type, are in quarantine and not missing in the lake', async () => {
  await database.client.query(`alter type mood add value 'b'`)
  for (const [name, type, later, keys] of REFUSED) {
    if (later !== type) await database.client.query(`alter table ${name} alter id type ${later}`)
    for (const key of keys) await database.client.query(`insert into ${name} values ('${key}')`)
  }
  for (const [name, , key] of HELD) await database.client.query(`insert into ${name} values ('${key}', 'b')`)
  const { tables, failed } = await lab.prove()
  expect(failed).toEqual([])
  const found = tables.map(({ table, differences, quarantinedKeys }) => [
    table,
    differences.map(({ key }) => key),
    quarantinedKeys.length,
  ])
  const wanted = [
    ...REFUSED.map(([name, , , keys]) => [name, keys.length] as const),
    ...HELD.map(([name]) => [name, 1] as const),
  ]
  expect(found.toSorted()).toEqual(wanted.map(([name, count]) => [`public.${name}`, [], count]).toSorted())
})
