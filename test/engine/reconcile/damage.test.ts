import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { keys, openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

const base = {
  version: 1,
  owner: 'tests',
  description: 'Rows of a test',
  unknownFields: 'drop',
} as const

const staff = table({
  ...base,
  name: 'hr.staff',
  source: { system: 'tests', table: 'public.staff' },
  primaryKey: ['id'],
  columns: {
    id: col.integer('Key', { from: 'number' }),
    mail: col.string('Clear, and yet personal', { pii: 'email', treatment: 'clear', nullable: true }),
    phone: col.string('Hashed', { pii: 'phone', treatment: 'hash', nullable: true }),
    pay: col.decimal(9, 2, 'Pay', { nullable: true }),
    note: col.string('Note', { nullable: true }),
  },
})

const secret = table({
  ...base,
  name: 'hr.secret',
  source: { system: 'tests', table: 'public.secret' },
  primaryKey: ['nir'],
  columns: { nir: col.string('Key', { pii: 'nir', treatment: 'hash' }), v: col.integer('Value') },
})

/* The source's key is another one: two rows of the source may be one for the contract. */
const twins = table({
  ...base,
  name: 'hr.twins',
  source: { system: 'tests', table: 'public.twins' },
  primaryKey: ['code'],
  columns: { code: col.string('Key'), v: col.integer('Value') },
})

const SCHEMA = `
  create table staff (number int primary key, mail text, phone text, pay numeric(9,2), note text);
  insert into staff select i, 'm' || i, '0' || i, i + 0.5, 'note ' || i from generate_series(1, 40) i;
  create table secret (nir text primary key, v int not null);
  insert into secret select 'n' || i, i from generate_series(1, 20) i;
  create table twins (id int primary key, code text not null, v int not null);
  alter table twins replica identity full;
  insert into twins values (1, 'a', 1), (2, 'b', 1);
  create table plain (id bigint primary key, v int, big text);
  insert into plain select i, i, repeat('x', 300) || i from generate_series(1, 500) i;
  create table timed (at timestamptz, flag boolean, price numeric(12,4), bytes bytea, primary key (at, flag, price, bytes));
  insert into timed values ('2024-01-01 00:00:00.000001+00', true, 1.5, '\\x00ff'), ('2024-01-01 00:00:00.000002+00', false, -2, '\\x');
  create table busy (id int primary key, v int not null);
  insert into busy select i, 0 from generate_series(1, 200) i;`

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(SCHEMA)
  lab = await openReconcileFixture(database, [staff, secret, twins], 'tidemark_damage')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

describe('a difference is found to its row and column', () => {
  test('G2 the column of a row that differs is named, with what both sides hold', async () => {
    const entries = await lab.run.pipeline.catalog.entries()
    expect(entries.every(({ base: made }) => made !== null)).toBe(true)
    const undo = await lab.tamper(
      'public.plain',
      `* REPLACE (CASE WHEN id = 7 THEN 8 ELSE v END AS v) FROM history`,
    )
    const proof = await lab.proofOf('public.plain')
    expect(proof).toMatchObject({
      equal: false,
      different: 1,
      way: 'in the engines',
      sourceRows: 500,
      lakeRows: 500,
    })
    expect(proof.rows).toEqual([{ key: '1:7', columns: [{ column: 'v', source: '7', lake: '8' }] }])
    await undo()
    expect(await lab.proofOf('public.plain')).toMatchObject({ equal: true, rows: [], differences: [] })
  })

  test('a long value is cut, with its length', async () => {
    const undo = await lab.tamper(
      'public.plain',
      `* REPLACE (CASE WHEN id = 7 THEN 'y' ELSE big END AS big) FROM history`,
    )
    const [row] = (await lab.proofOf('public.plain')).rows
    expect(row?.columns).toEqual([
      { column: 'big', source: `${'x'.repeat(200)}… (301 characters)`, lake: 'y' },
    ])
    await undo()
  })

  test('G7 no value of a personal column is shown, also where the lake has it clear', async () => {
    const undo = await lab.tamper(
      'hr.staff',
      `* REPLACE (CASE WHEN id = 3 THEN 'other' ELSE mail END AS mail, CASE WHEN id = 3 THEN 'x' ELSE phone END AS phone,
         CASE WHEN id = 3 THEN NULL ELSE pay END AS pay) FROM history`,
    )
    const proof = await lab.proofOf('hr.staff')
    expect(proof).toMatchObject({ way: 'streamed', different: 1, sourceRows: 40, lakeRows: 40 })
    expect(proof.rows).toEqual([
      {
        key: '1:3',
        columns: [
          { column: 'mail', source: '***', lake: '***' },
          { column: 'phone', source: '***', lake: '***' },
          { column: 'pay', source: '3.50', lake: null },
        ],
      },
    ])
    await undo()
    expect(await lab.proofOf('hr.staff')).toMatchObject({ equal: true })
  })

  test('G2 a key that the source has twice differs, although its last row is in the lake', async () => {
    await database.client.query(`insert into twins values (3, 'b', 1)`)
    const proof = await lab.proofOf('hr.twins')
    expect(proof.differences).toMatchObject([{ key: '1:b', kind: 'different', sourceRows: 2, lakeRows: 1 }])
    expect(proof.rows).toEqual([{ key: '1:b', columns: [] }])
    await database.client.query(`delete from twins where id = 3; update twins set v = 2 where id = 2`)
    expect(await lab.proofOf('hr.twins')).toMatchObject({ equal: true })
  })
})

describe('less than everything can be asked for', () => {
  test('only the named tables are compared, by either name, and an unknown one is refused', async () => {
    const { tables } = await lab.prove({ tables: ['public.staff', 'public.plain'] })
    expect(tables.map((proof) => proof.table).toSorted()).toEqual(['hr.staff', 'public.plain'])
    await expect(lab.prove({ tables: ['public.none'] })).rejects.toMatchObject({ code: 'usage/invalid' })
  })

  test('a sample compares some keys on both sides and says how many', async () => {
    const proof = await lab.proofOf('public.plain', { scope: { kind: 'sample', percent: 25 } })
    expect(proof).toMatchObject({ equal: true, scope: { kind: 'sample', percent: 25, buckets: 1024 } })
    expect(proof.sourceRows).toBe(proof.lakeRows)
    expect(proof.sourceRows).toBeGreaterThan(0)
    expect(proof.sourceRows).toBeLessThan(500)
    const streamed = await lab.proofOf('hr.staff', { scope: { kind: 'sample', percent: 50 } })
    expect(streamed).toMatchObject({ equal: true, way: 'streamed' })
    expect(streamed.sourceRows).toBeLessThan(40)
  })

  test('a sample of everything finds what the whole finds', async () => {
    const undo = await lab.tamper('public.plain', `* FROM history WHERE id <> 9`)
    const proof = await lab.proofOf('public.plain', { scope: { kind: 'sample', percent: 100 } })
    expect(proof.differences.map(({ key, kind }) => [key, kind])).toEqual([['1:9', 'missing in the lake']])
    await undo()
  })

  test('since compares the keys that changed in the lake, and no others', async () => {
    const { asOf } = await lab.prove({ tables: ['public.plain'] })
    await database.client.query(
      `update plain set v = -1 where id in (11, 12); delete from plain where id = 13`,
    )
    await database.client.query(
      `update staff set note = 'new' where number = 5; update secret set v = 0 where nir = 'n3'`,
    )
    const undo = await lab.tamper(
      'public.plain',
      `* REPLACE (CASE WHEN id = 1 THEN 2 ELSE v END AS v) FROM history`,
    )
    const since = { kind: 'since', since: { kind: 'position', position: asOf } } as const
    expect(await lab.proofOf('public.plain', { scope: since })).toMatchObject({
      equal: true,
      scope: { kind: 'since', keys: 3 },
      sourceRows: 2,
      lakeRows: 2,
    })
    for (const name of ['hr.staff', 'hr.secret'])
      expect(await lab.proofOf(name, { scope: since })).toMatchObject({
        equal: true,
        sourceRows: 1,
        lakeRows: 1,
      })
    await undo()
    const time = { kind: 'since', since: { kind: 'time', at: Date.now() - 3_600_000 } } as const
    const again = await lab.tamper(
      'public.plain',
      `* REPLACE (CASE WHEN id = 11 THEN 2 ELSE v END AS v) FROM history`,
    )
    const proof = await lab.proofOf('public.plain', { scope: time })
    expect(proof.differences.map(({ key }) => key)).toEqual(keys(11))
    await again()
  })
})

describe('healing', () => {
  test('G2 missing, extra and different rows are sent again and equal then', async () => {
    await lab.tamper(
      'public.plain',
      `* REPLACE (CASE WHEN id = 21 THEN -5 ELSE v END AS v) FROM history WHERE id <> 22
       UNION ALL BY NAME SELECT * REPLACE (9999 AS id) FROM history WHERE id = 23`,
    )
    const proof = await lab.proofOf('public.plain', { heal: true })
    expect(proof.healed).toEqual({ healed: 3, stillDifferent: 0, notPossible: 0 })
    expect(proof).toMatchObject({ equal: true, different: 0 })
    expect(await lab.proofOf('public.plain', { heal: true })).toMatchObject({ equal: true, healed: null })
  })

  test('keys of several types are deleted by their own values', async () => {
    await lab.tamper(
      'public.timed',
      `* FROM history UNION ALL BY NAME SELECT * REPLACE (at_micros + 5 AS at_micros) FROM history`,
    )
    const before = await lab.proofOf('public.timed')
    expect(before).toMatchObject({ different: 2, lakeRows: 4 })
    const healed = await lab.healKeys({ 'public.timed': before.differences.map(({ key }) => key) })
    expect(healed.tables[0]).toMatchObject({
      equal: true,
      healed: { healed: 2, stillDifferent: 0, notPossible: 0 },
    })
    expect(await lab.proofOf('public.timed')).toMatchObject({ equal: true, sourceRows: 2, lakeRows: 2 })
  })

  test('G7 a masked key is healed where the source has it, and said where it has not', async () => {
    await lab.tamper(
      'hr.secret',
      `* REPLACE (CASE WHEN v = 7 THEN 70 ELSE v END AS v) FROM history
       UNION ALL BY NAME SELECT * REPLACE ('nobody' AS nir) FROM history WHERE v = 8`,
    )
    const proof = await lab.proofOf('hr.secret', { heal: true })
    expect(proof.healed).toEqual({ healed: 1, stillDifferent: 1, notPossible: 1 })
    expect(proof.differences).toMatchObject([{ kind: 'not in the source' }])
  })

  test('G2 G3 while the rows go on changing nothing that came later is undone', async () => {
    await lab.tamper(
      'public.busy',
      `* REPLACE (CASE WHEN id % 3 = 0 THEN -1 ELSE v END AS v) FROM history WHERE id % 7 <> 0
       UNION ALL BY NAME SELECT * REPLACE (id + 1000 AS id) FROM history WHERE id < 20`,
    )
    let isOver = false
    /* Rows whose id is 4 above a multiple of 5 are left alone, so that there is always something to heal. */
    const traffic = (async () => {
      for (let round = 1; !isOver; round += 1) {
        const extra = 1000 + (round % 12)
        await database.client.query(`update busy set v = v + 1 where id % 5 = ${round % 4}`)
        await database.client.query(`delete from busy where id = ${extra}`)
        await database.client.query(`insert into busy values (${extra}, ${round}) on conflict do nothing`)
      }
    })()
    const proof = await lab.proofOf('public.busy', { heal: true })
    isOver = true
    await traffic
    expect(proof).toMatchObject({ equal: true })
    expect(proof.healed?.healed).toBeGreaterThan(0)
    expect(await lab.proofOf('public.busy')).toMatchObject({ equal: true })
  })
})
