import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { TableProof } from '../../../engine/reconcile/proof.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'

const base = {
  version: 1,
  owner: 'tests',
  description: 'Rows of a test',
  primaryKey: ['id'],
  unknownFields: 'quarantine',
} as const
const system = 'tests'

const nested = table({
  ...base,
  name: 't.nested',
  source: { system, table: 'public.nested' },
  columns: {
    id: col.integer('Key'),
    doc: col.struct(
      {
        n: { kind: 'bigint', nullable: true },
        cost: { kind: 'decimal', precision: 12, scale: 2, nullable: true },
        ratio: { kind: 'double', nullable: true },
        share: { kind: 'real', nullable: true },
        yes: { kind: 'boolean', nullable: true },
        day: { kind: 'date', nullable: true },
        at: { kind: 'timestamp', nullable: true, from: 'startsAt' },
        clock: { kind: 'time', nullable: true },
        uid: { kind: 'uuid', nullable: true },
        hex: { kind: 'binary', nullable: true },
        text: { kind: 'string', nullable: true },
        rest: { kind: 'json', nullable: true },
        inner: {
          kind: 'struct',
          nullable: true,
          fields: { a: { kind: 'string', nullable: true }, b: { kind: 'list', of: { kind: 'integer' } } },
        },
      },
      'Document',
      { nullable: true },
    ),
    lines: col.list(
      { kind: 'struct', fields: { code: { kind: 'string', nullable: true }, n: { kind: 'integer' } } },
      'Lines',
      { nullable: true },
    ),
    grid: col.list({ kind: 'list', of: { kind: 'decimal', precision: 9, scale: 1 } }, 'Grid', {
      nullable: true,
    }),
    words: col.list({ kind: 'string' }, 'Words, out of jsonb', { nullable: true }),
    docs: col.list({ kind: 'json' }, 'Documents', { nullable: true }),
  },
})

const NESTED = `
  create table nested (id int primary key, doc jsonb, lines jsonb, grid jsonb, words jsonb, docs jsonb[]);
  insert into nested values
  (1, '{"n": 9223372036854775807, "cost": -1.5, "ratio": 0.1, "share": 2.2, "yes": true, "day": "2024-02-29",
    "startsAt": "1969-12-31T23:59:59.999999+00:00", "clock": "08:15:31.500", "uid": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
    "hex": "00FF5c", "text": "a,b\\\\ =- é😀", "rest": {"b": [1.10, null], "a": "x"}, "inner": {"a": null, "b": [1, null, -3]}}',
   '[{"code": "a,b", "n": 1}, null, {"code": null, "n": -2}]', '[[1.5, 2], [], null, [null]]', '["", "a,", "\\\\", null, "-"]',
   array['{"a": 1.10}', '[]', '"s"', 'null']::jsonb[]),
  (2, '{}', '[]', '[]', '[]', '{}'), (3, null, null, null, null, null),
  (4, '{"cost": 1e3, "n": -0, "ratio": 1e-300, "text": 12.50, "inner": {"b": []}, "rest": [1e2]}', '[{"n": 5.0}]', '[[1e2]]', '["x"]', null);`
/* Refused whole: a wrong member, an unknown one, a number too long, no array. */
const BAD_NESTED = `
  insert into nested (id, lines) values (11, '[{"n": 1}, {"n": "x"}]');
  insert into nested (id, doc) values (12, '{"colour": "red"}'), (13, '{"cost": 1.234}'), (14, 'null');
  insert into nested (id, words) values (15, '{"a": 1}');`

const ruled = table({
  ...base,
  name: 't.ruled',
  source: { system, table: 'public.ruled' },
  checks: [{ name: 'ends after it starts', left: 'ends', is: '>=', right: 'day' }],
  columns: {
    id: col.integer('Key'),
    small: col.smallint('Clamped', { nullable: true, beyond: 'clamp', max: 1000 }),
    money: col.decimal(6, 2, 'Clamped', { nullable: true, beyond: 'clamp' }),
    day: col.date('Clamped', { nullable: true, beyond: 'clamp' }),
    ends: col.date('Nulled', { nullable: true, beyond: 'null' }),
    at: col.timestamp('Clamped', { nullable: true, beyond: 'clamp' }),
    exact: col.timestampMicros('Nulled', { nullable: true, beyond: 'null' }),
    naive: col.timestampMicros('Text', { nullable: true, beyond: 'text' }),
    number: col.decimal(8, 2, 'Text', { nullable: true, beyond: 'text' }),
    weight: col.double('Clamped', { nullable: true, beyond: 'clamp', min: 0, max: 10 }),
    code: col.varchar(3, 'Text', { nullable: true, beyond: 'text' }),
    mood: col.enum(['low'], 'Kept', { nullable: true, unknown: 'keep' }),
    born: col.date('Masked', { nullable: true, pii: 'birth-date', beyond: 'clamp' }),
    mail: col.string('Token', { nullable: true, pii: 'email', treatment: 'tokenise' }),
    later: col.integer('The source does not have it', { default: 7 }),
  },
})

const RULED = `
  create table ruled (id int primary key, small int, money numeric, day date, ends date, at timestamptz, exact timestamptz,
    naive timestamp, number numeric, weight float8, code text, mood text, born date, mail text);
  insert into ruled values
  (1, 5, 1.5, '2024-01-01', '2024-01-01', '2024-01-01 00:00:00.1239+00', '2024-01-01 00:00:00.123456+00', '2024-01-01 00:00:00.5', 1.5, 2.5, 'abc', 'low', '1990-05-05', 'a@b.c'),
  (2, 40000, 12345, 'infinity', 'infinity', 'infinity', 'infinity', 'infinity', 1234567.891, 11, 'abcdef', 'new, "mood"', 'infinity', ''),
  (3, -40000, -99999.999, '-infinity', '0044-03-15 BC', '-infinity', '-infinity', '0044-03-15 00:00:00 BC', 'NaN', -1, null, null, '0044-03-15 BC', null),
  (4, 1001, 'Infinity', '12026-01-01', '12026-01-01', '0044-03-15 00:00:00+00 BC', '12026-01-01 00:00:00+00', '12026-01-01 00:00:00.25', '-Infinity', 'Infinity', '', '', null, 'x'),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null);`
/* Clamping moves what is too great, never what has too many decimals or is no number; and a check is broken. */
const BAD_RULED = `
  insert into ruled (id, money) values (11, 1.005), (12, 'NaN');
  insert into ruled (id, weight) values (13, 'NaN');
  insert into ruled (id, day, ends) values (14, '2024-01-02', '2024-01-01');`

const contracts: readonly Table[] = [nested, ruled]
let server: SourceServer
let database: SourceDatabase
let dir: string
let run: LocalRun

beforeAll(async () => {
  server = await startSource()
  database = await server.database(NESTED + RULED + BAD_NESTED + BAD_RULED)
  dir = await mkdtemp(join(tmpdir(), 'tidemark-rules-'))
  run = await openLocalRun({
    dir,
    source: database.source,
    isEmbedded: false,
    system,
    contracts,
    patterns: ['public.*'],
    slot: 'tidemark_rules',
    publication: 'tidemark_rules',
    hints: { bytes: 1 << 20, milliseconds: 20 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  })
  await run.loaded(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await run.stop()
  await server.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
})

async function proofOf(name: string): Promise<TableProof> {
  const { tables } = await run.reconcile(AbortSignal.timeout(60_000))
  const proof = tables.find((one) => one.table === name)
  if (proof === undefined) throw new Error(`no proof of ${name}`)
  return proof
}

const keys = (...ids: readonly number[]) => ids.map((id) => `${String(id).length}:${id}`)

test('G2 G5: structs and lists are equal to the source, by load and by changes, and what they cannot hold is named', async () => {
  await database.client.query(
    `insert into nested select id + 20, doc, lines, grid, words, docs from nested where id < 10`,
  )
  expect(await proofOf('t.nested')).toMatchObject({ differences: [], sourceRows: 13, lakeRows: 8 })
  expect((await proofOf('t.nested')).quarantinedKeys.toSorted()).toEqual(keys(11, 12, 13, 14, 15))
})

test('G2 G6: what a rule of the contract altered is equal to the source under the same rule', async () => {
  await database.client.query(
    `insert into ruled select id + 20, small, money, day, ends, at, exact, naive, number, weight, code, mood, born, mail
     from ruled where id < 10`,
  )
  const proof = await proofOf('t.ruled')
  expect(proof).toMatchObject({ differences: [], sourceRows: 14, lakeRows: 10, notCompared: ['later'] })
  expect(proof.quarantinedKeys.toSorted()).toEqual(keys(11, 12, 13, 14))
})
