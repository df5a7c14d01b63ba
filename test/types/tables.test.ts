import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { openScratch, type Scratch } from '../local/sample/scratch.ts'
import { type FinishedRun, runOnce } from './matrix-run.ts'
import { openWriter } from './matrix-source.ts'

const longName = 'n'.repeat(63)

const setup = `
  CREATE SCHEMA odd; CREATE SCHEMA keyless; CREATE SCHEMA parts; CREATE SCHEMA again; CREATE SCHEMA endless;
  CREATE TABLE odd."Weird ""Table"" - select?" ("the ""Key""" integer, "select" text, "with space" text, "da-sh" text,
    "q?mark" text, "Ünï" text, "${longName}" text, "${longName.slice(1)}m" text, "_position" text, "constructor" text,
    "__proto__" text, "a" text, "A" text, PRIMARY KEY ("the ""Key"""));
  INSERT INTO odd."Weird ""Table"" - select?" VALUES (1, 's', 'w', 'd', 'q', 'u', 'n', 'm', 'p', 'c', 'o', 'a1', 'A1');
  CREATE TABLE odd.pairs (b text, a integer, v text, PRIMARY KEY (a, b));
  INSERT INTO odd.pairs VALUES ('x', 1, 'one'), ('', 1, 'two'), ('1', 11, 'three'), ('11', 1, 'four');
  CREATE TABLE odd.made (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, w smallserial, n integer,
    twice integer GENERATED ALWAYS AS (n * 2) STORED, thrice integer GENERATED ALWAYS AS (n * 3) VIRTUAL);
  INSERT INTO odd.made (n) VALUES (1), (NULL);
  CREATE TABLE odd.parent (id integer PRIMARY KEY, v text);
  CREATE TABLE odd.child (extra text, PRIMARY KEY (id)) INHERITS (odd.parent);
  INSERT INTO odd.parent VALUES (1, 'parent'); INSERT INTO odd.child VALUES (1, 'child', 'more'), (2, 'child', NULL);
  CREATE TABLE odd.emptied (id integer PRIMARY KEY, v text);
  INSERT INTO odd.emptied SELECT i, 'before' FROM generate_series(1, 50) i;
  CREATE TABLE keyless.log (line text);
  CREATE TABLE parts.days (day date, id integer, v text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
  CREATE TABLE parts.days_1 PARTITION OF parts.days FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE parts.days_2 PARTITION OF parts.days FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  INSERT INTO parts.days SELECT '2026-01-01'::date + i, i, 'before' FROM generate_series(0, 40) i;
  CREATE TABLE endless.days (day date PRIMARY KEY, v text);
  INSERT INTO endless.days VALUES ('infinity', 'never'), ('2026-01-01', 'once');
  CREATE TABLE again.t (id integer PRIMARY KEY, v text); INSERT INTO again.t VALUES (1, 'old'), (2, 'old')`

const changes = [
  `INSERT INTO odd."Weird ""Table"" - select?" VALUES (2, 's', 'w', 'd', 'q', 'u', 'n', 'm', 'p', 'c', 'o', 'a2', 'A2')`,
  `UPDATE odd."Weird ""Table"" - select?" SET "constructor" = NULL, "__proto__" = 'changed', "the ""Key""" = 3`.concat(
    ` WHERE "the ""Key""" = 1`,
  ),
  `UPDATE odd.pairs SET v = 'five', b = 'y' WHERE b = 'x'; DELETE FROM odd.pairs WHERE b = ''`,
  'INSERT INTO odd.made (n) VALUES (3); UPDATE odd.made SET n = 4 WHERE n = 1',
  `UPDATE odd.parent SET v = 'changed'; DELETE FROM odd.child WHERE id = 2`,
  `BEGIN; TRUNCATE odd.emptied; INSERT INTO odd.emptied VALUES (7, 'after'); COMMIT`,
  `UPDATE parts.days SET day = '2026-02-20' WHERE id = 3; DELETE FROM parts.days WHERE id = 35`,
  `INSERT INTO parts.days_1 VALUES ('2026-01-15', 100, 'into the leaf')`,
  `UPDATE endless.days SET v = 'changed'`,
]

let scratch: Scratch
let url: string
let writer: pg.Client
let run: FinishedRun
let lake: LakeSession

beforeAll(async () => {
  scratch = await openScratch(0o755)
  const server = await scratch.startCopied('odd')
  url = server.url
  writer = await openWriter(url)
  await writer.query(setup)
  run = await runOnce({
    url,
    dir: join(scratch.folder, 'odd'),
    patterns: ['odd.*', 'parts.*', 'endless.*'],
    name: 'odd',
    changes: async () => {
      for (const sql of changes) await writer.query(sql)
    },
  })
  lake = await LakeSession.open({ folder: run.dir, entries: run.entries })
})

afterAll(async () => {
  lake?.close()
  await writer?.end()
  await scratch?.clear()
})

async function rows(sql: string): Promise<unknown> {
  await lake.prepare(sql)
  return (await lake.connection.runAndReadAll(sql)).getRowsJson()
}

function proofOf({ proof }: FinishedRun, table: string) {
  return proof.tables.find((known) => known.table === table)
}

test('G2: every odd table is equal to its source, quarantined keys aside', () => {
  expect(run.proof.tables.filter(({ equal }) => !equal)).toEqual([])
  expect(run.proof.tables).toHaveLength(8)
  expect(proofOf(run, 'endless.days')).toMatchObject({
    sourceRows: 2,
    lakeRows: 1,
    quarantinedKeys: ['8:infinity'],
  })
})

test('names that SQL must quote, or that the lake or JavaScript has other uses for, lose no column', async () => {
  const table = run.tables.find(({ source }) => source.table === 'odd."Weird ""Table"" - select?"')
  const names = Object.keys(table?.columns ?? {})
  expect(new Set(names).size).toBe(13)
  expect(names.every((name) => /^[a-z][a-z0-9_]{0,62}$/.test(name))).toBe(true)
  const list = names.map((name) => `"${name}"`).join(', ')
  expect(await rows(`SELECT ${list} FROM ${table?.name} ORDER BY 1`)).toEqual([
    [2, 's', 'w', 'd', 'q', 'u', 'n', 'm', 'p', 'c', 'o', 'a2', 'A2'],
    [3, 's', 'w', 'd', 'q', 'u', 'n', 'm', 'p', null, 'changed', 'a1', 'A1'],
  ])
})

test('a composite key keeps its columns apart and may change', async () => {
  expect(await rows('SELECT a, b, v FROM odd.pairs ORDER BY 1, 2')).toEqual([
    [1, '11', 'four'],
    [1, 'y', 'five'],
    [11, '1', 'three'],
  ])
})

test('identity and serial columns are in the lake, generated ones are not: the stream does not bring them', async () => {
  const table = run.tables.find(({ name }) => name === 'odd.made')
  expect(Object.keys(table?.columns ?? {})).toEqual(['id', 's', 'w', 'n'])
  expect(await rows('SELECT s, w, n FROM odd.made ORDER BY id')).toEqual([
    [1, 1, 4],
    [2, 2, null],
    [3, 3, 3],
  ])
})

test('a parent and the tables that inherit from it are tables of their own', async () => {
  expect(await rows('SELECT id, v FROM odd.parent')).toEqual([[1, 'changed']])
  expect(await rows('SELECT id, v, extra FROM odd.child')).toEqual([[1, 'changed', 'more']])
})

test('a truncated table has the rows that came after, also of the same transaction', async () => {
  expect(await rows('SELECT id, v FROM odd.emptied')).toEqual([[7, 'after']])
})

test('partitions are one table under the name of their root, rows may move between them', async () => {
  expect(run.tables.filter(({ source }) => source.table.startsWith('parts.'))).toHaveLength(1)
  expect(await rows('SELECT count(*)::INTEGER FROM parts.days')).toEqual([[41]])
  expect(
    await rows('SELECT day::VARCHAR, id, v FROM parts.days WHERE id IN (3, 35, 100) ORDER BY id'),
  ).toEqual([
    ['2026-02-20', 3, 'before'],
    ['2026-01-15', 100, 'into the leaf'],
  ])
})

test('a table without a key is refused with the SQL that mends it', async () => {
  const keyless = runOnce({
    url,
    dir: join(scratch.folder, 'keyless'),
    patterns: ['keyless.*'],
    name: 'keyless',
  })
  await expect(keyless).rejects.toMatchObject({
    code: 'source/no-primary-key',
    message: expect.stringContaining('ALTER TABLE "keyless"."log" ADD PRIMARY KEY'),
  })
})

test('what the stream never says of a partition that is emptied or dropped, the proof does', async () => {
  const gone = await runOnce({
    url,
    dir: join(scratch.folder, 'parts'),
    patterns: ['parts.*'],
    name: 'parts',
    changes: async () => {
      await writer.query('DROP TABLE parts.days_2; TRUNCATE parts.days_1')
    },
  })
  expect(proofOf(gone, 'parts.days')).toMatchObject({
    equal: false,
    sourceRows: 0,
    lakeRows: 41,
    different: 41,
  })
})

test('a table that was dropped and created again is loaded anew at the next start, and the old rows are gone', async () => {
  const request = { url, dir: join(scratch.folder, 'again'), patterns: ['again.*'], name: 'again' }
  expect((await runOnce(request)).proof.equal).toBe(true)
  await writer.query(`DROP TABLE again.t; CREATE TABLE again.t (id integer PRIMARY KEY, v text);
    INSERT INTO again.t VALUES (2, 'new'), (3, 'new')`)
  expect(proofOf(await runOnce(request), 'again.t')).toMatchObject({
    equal: true,
    sourceRows: 2,
    lakeRows: 2,
  })
})
