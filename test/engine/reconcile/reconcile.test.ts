import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { TableProof } from '../../../engine/reconcile/proof.ts'
import type { ReconcileRequest } from '../../../engine/reconcile/reconcile.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { whole } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { ALL_TYPES, soundRows, unsoundRows } from './all-types.ts'
import { tamper as tamperFiles } from './reconcile-fixture.ts'

const people = table({
  name: 'hr.people',
  version: 1,
  owner: 'tests',
  description: 'People, with what is personal treated in every way',
  source: { system: 'tests', table: 'public.people' },
  primaryKey: ['nir'],
  unknownFields: 'drop',
  columns: {
    nir: col.string('Key', { pii: 'nir', treatment: 'hash' }),
    email: col.string('Mail', { pii: 'email', nullable: true }),
    number: col.bigint('Number', { pii: 'nir', treatment: 'hash', nullable: true }),
    salary: col.decimal(9, 2, 'Pay', { pii: 'nir', treatment: 'hash', nullable: true }),
    born: col.date('Birth', { pii: 'birth-date', nullable: true }),
    is_ok: col.boolean('Flag', { pii: 'nir', treatment: 'hash', nullable: true }),
    note: col.string('Note', { pii: 'free-text', nullable: true }),
    secret: col.string('Never in the lake', { pii: 'free-text', treatment: 'drop', nullable: true }),
    seen: col.timestamp('Cut to milliseconds', { from: 'last_seen', nullable: true }),
  },
})

const PEOPLE = `
  create table people (nir text primary key, email text, number bigint, salary numeric(9,2), born date, is_ok boolean,
    note text, secret text, last_seen timestamptz, later text);
  insert into people values ('1', 'a@b.c', 12345678901234567, 1.10, '1990-05-05', true, 'x', 's', '1969-12-31 23:59:59.9999+00', 'z');
  insert into people (nir) values ('2');`

let server: SourceServer
let database: SourceDatabase
let dir: string
let run: LocalRun

beforeAll(async () => {
  server = await startSource()
  const tables = 'abcdef'.replace(
    /./g,
    (name) => `create table ${name} (id int primary key, v int, big text);`,
  )
  database = await server.database(
    `${ALL_TYPES}${soundRows(1)}${unsoundRows(1)}${PEOPLE}${tables}
     insert into a select i, i, 'x' from generate_series(1, 50) i; insert into b select * from a; insert into c select * from a`,
  )
  dir = await mkdtemp(join(tmpdir(), 'tidemark-reconcile-'))
  run = await open()
})

afterAll(async () => {
  await run.stop()
  await server.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
})

async function open(): Promise<LocalRun> {
  const opened = await openLocalRun({
    dir,
    source: database.source,
    isEmbedded: false,
    system: 'tests',
    contracts: [people],
    patterns: ['public.*'],
    slot: 'tidemark_reconcile',
    publication: 'tidemark_reconcile',
    hints: { bytes: 1 << 20, milliseconds: 20 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  })
  await opened.loaded(AbortSignal.timeout(60_000))
  await opened.compact()
  return opened
}

async function proofs(request: ReconcileRequest = {}): Promise<ReadonlyMap<string, TableProof>> {
  const { tables, equal } = await run.reconcile(AbortSignal.timeout(60_000), request)
  expect(equal).toBe(tables.every((proof) => proof.equal))
  return new Map(tables.map((proof) => [proof.table, proof]))
}

async function proofOf(name: string): Promise<TableProof> {
  const proof = (await proofs({ tables: [name] })).get(name)
  if (proof === undefined) throw new Error(`no proof of ${name}`)
  return proof
}

/** Keys of integers as the comparison writes them: each with its length in front. */
function keys(...ids: readonly number[]): readonly string[] {
  return ids.map((id) => `${String(id).length}:${id}`)
}

const tamper = (name: string, select: string) => tamperFiles(dir, `public.${name}`, select)

describe('reconcile', () => {
  test('G2 G5 finds every type equal at its extremes, by load and by changes, and names the keys that were refused', async () => {
    await database.client.query(soundRows(2) + unsoundRows(2))
    const found = await proofs()
    const summary = [...found.values()].map(
      ({ table: name, equal, sourceRows, lakeRows, quarantinedKeys }) => [
        name,
        equal,
        sourceRows,
        lakeRows,
        quarantinedKeys.toSorted(),
      ],
    )
    const rest = ['a', 'b', 'c'].map((name) => [`public.${name}`, true, 50, 50, []])
    const none = ['d', 'e', 'f', 'empty'].map((name) => [`public.${name}`, true, 0, 0, []])
    expect(summary.toSorted()).toEqual(
      [
        ['hr.people', true, 2, 2, []],
        ['public.keyed', true, 8, 8, []],
        ['public.lists', true, 10, 6, keys(17, 18, 27, 28)],
        ['public.partitioned', true, 4, 4, []],
        ['public.scalars', true, 18, 12, keys(17, 18, 19, 27, 28, 29)],
        ...rest,
        ...none,
      ].toSorted(),
    )
  })

  test('G2 finds tables equal after updates that leave large values out, moves of keys, deletes and a truncate', async () => {
    await database.client.query(`
      alter table d alter big set storage external;
      insert into d select i, i, repeat('x', 5000) || i from generate_series(1, 20) i;
      update d set v = -v where id % 2 = 0;
      update d set id = id + 100 where id % 3 = 0;
      update d set v = 7 where id > 100;
      update d set id = id - 100 where id > 110;
      delete from d where id = 1;
      insert into e select * from d; truncate e; insert into e select i, i, 'after' from generate_series(1, 3) i;
      update keyed set at = at + interval '1 microsecond', note = 'moved' where "Nom" = 'é"x';
      delete from keyed where "position" = 2`)
    await database.client.query(`begin; insert into f values (1, 1, 'rolled back'); rollback`)
    const found = await proofs()
    for (const [name, rows] of [
      ['public.d', 19],
      ['public.e', 3],
      ['public.keyed', 6],
      ['public.f', 0],
    ] as const)
      expect(found.get(name)).toMatchObject({
        equal: true,
        sourceRows: rows,
        lakeRows: rows,
        quarantinedKeys: [],
      })
  })

  test('G2 G7 compares personal columns as they are treated', async () => {
    await database.client.query(`
      update people set email = 'new@b.c', later = 'unknown to the contract', last_seen = '2024-01-01 00:00:00.123999+00' where nir = '1';
      update people set nir = '3', salary = -0.01, is_ok = false where nir = '2'`)
    expect(await proofOf('hr.people')).toMatchObject({ equal: true, sourceRows: 2, lakeRows: 2 })
  })

  test('G2 a change in quarantine explains its own key, and only until a later change has made up for it', async () => {
    await database.client.query(`
      insert into scalars (id, d) values (31, '2024-01-01'), (32, '2024-01-01'), (33, '2024-01-01');
      update scalars set d = 'infinity' where id in (31, 32)`)
    const refused = [...keys(17, 18, 19, 27, 28, 29), ...keys(31, 32)]
    expect((await proofOf('public.scalars')).quarantinedKeys.toSorted()).toEqual(refused.toSorted())
    await database.client.query(
      `update scalars set d = '2024-02-02' where id = 31; delete from scalars where id = 32`,
    )
    const after = await proofOf('public.scalars')
    expect(after).toMatchObject({ equal: true, different: 0 })
    expect(after.quarantinedKeys.toSorted()).toEqual(keys(17, 18, 19, 27, 28, 29))
    const undo = await tamper(
      'scalars',
      `* REPLACE (CASE WHEN id IN (29, 31) THEN 5 ELSE i4 END AS i4) FROM history`,
    )
    expect((await proofOf('public.scalars')).differences.map(({ key }) => key)).toEqual(keys(31))
    await undo()
  })
})

describe('the proof can fail: reconcile names exactly the keys that differ', () => {
  test('G2 when a value in the lake is another one', async () => {
    const undo = await tamper(
      'a',
      `* REPLACE (CASE WHEN id IN (7, 42) THEN v + 1 ELSE v END AS v) FROM history`,
    )
    const proof = await proofOf('public.a')
    expect(proof).toMatchObject({
      equal: false,
      different: 2,
      sourceRows: 50,
      lakeRows: 50,
      quarantinedKeys: [],
    })
    expect(proof.differences.map(({ key, kind }) => [key, kind])).toEqual(
      keys(42, 7)
        .map((key) => [key, 'different'])
        .toSorted(),
    )
    await undo()
    expect(await proofOf('public.a')).toMatchObject({ equal: true })
  })

  whole('G2 when null became empty text, or one column another', async () => {
    const undo = await tamper('b', `* REPLACE (CASE WHEN id = 1 THEN '' ELSE big END AS big) FROM history`)
    expect((await proofOf('public.b')).differences.map(({ key }) => key)).toEqual(keys(1))
    await undo()
    await database.client.query(`update b set big = null where id = 2; update b set big = '' where id = 3`)
    expect(await proofOf('public.b')).toMatchObject({ equal: true })
  })

  test('G2 when rows are missing in the lake, or in it though they are not in the source', async () => {
    const undo = await tamper(
      'c',
      '* FROM history WHERE id <> 5 UNION ALL BY NAME SELECT * REPLACE (99 AS id) FROM history WHERE id = 6',
    )
    const proof = await proofOf('public.c')
    expect(proof.differences.map(({ key, kind }) => [key, kind])).toEqual([
      ['1:5', 'missing in the lake'],
      ['2:99', 'not in the source'],
    ])
    await undo()
  })

  test('G2 when a change of the source never reached the lake', async () => {
    await database.client.query(`insert into f values (1, 1, 'a'), (2, 2, 'b')`)
    expect(await proofOf('public.f')).toMatchObject({ equal: true, lakeRows: 2 })
    /* Session replication cannot hide a row, but a lost file can: the newest one goes. */
    const files = await new FolderObjects(dir).list('lake/public/f_v1_history/')
    const lost = join(dir, files.at(-1) ?? '')
    await database.client.query(`insert into f values (3, 3, 'c')`)
    expect(await proofOf('public.f')).toMatchObject({ equal: true, lakeRows: 3 })
    await rename(lost, `${lost}.lost`)
    const proof = await proofOf('public.f')
    expect(proof.differences.map(({ key, kind }) => [key, kind])).toEqual([
      ['1:1', 'missing in the lake'],
      ['1:2', 'missing in the lake'],
    ])
    await rename(`${lost}.lost`, lost)
  })

  test('G2 G10 and everything is equal again after a restart', async () => {
    await run.stop()
    await database.client.query(
      `insert into a values (60, 60, 'while it was down'); delete from a where id = 1`,
    )
    run = await open()
    for (const proof of (await proofs()).values())
      expect(proof, proof.table).toMatchObject({ equal: true, different: 0 })
  })
})
