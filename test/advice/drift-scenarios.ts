import { expect } from 'vitest'
import { col } from '../../core/contract/index.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { people } from '../local/recovery/kept-folder.ts'
import type { Place } from './advice-fixture.ts'
import type { Follow } from './follow.ts'

const base: Table = {
  name: 'shop.goods',
  version: 1,
  owner: 'tests',
  description: 'Goods of a test',
  unknownFields: 'keep',
  source: { system: 'tests', table: 'public.goods' },
  primaryKey: ['id'],
  partitionBy: {},
  columns: {
    id: col.integer('Key'),
    v: col.string('A text', { nullable: true }),
    n: col.integer('A number', { nullable: true }),
    mood: col.enum(['low', 'high'], 'A mood', { nullable: true }),
  },
}

const KINDS = [
  ...['drop-column', 'rename-column', 'column-type-change', 'column-default', 'enum-label'],
  ...['change-columns', 'renamed-key'],
] as const

/* A table of its own, followed and equal, then changed; what its drift line says is done, and the line is gone. */
async function mends(
  { lab, type, follow, running, isEqual }: Place,
  {
    drift,
    sql,
    after,
    as: kind = drift,
  }: {
    readonly drift: string
    readonly sql: string
    readonly after: readonly Table[]
    readonly as?: string
  },
): Promise<void> {
  const name = kind.replaceAll('-', '_')
  const own = (text: string) => text.replaceAll('goods', name)
  const ofOwn = (contract: Table): Table => ({
    ...contract,
    name: own(contract.name),
    source: { ...contract.source, table: own(contract.source.table) },
  })
  const before = KINDS.map((other) => other.replaceAll('-', '_')).join(', ')
  await lab.sql(
    own(`drop table if exists ${before}; drop type if exists mood; create type mood as enum ('low', 'high');
    create table goods (id int primary key, v text, n int, mood mood);
    insert into goods select i, 'v' || i, i, 'low' from generate_series(1, 9) i`),
  )
  await lab.write(`${kind}-before`, people, ofOwn(base))
  lab.schemas = `${kind}-before`
  await isEqual('--reload')
  await lab.sql(own(sql))
  await running((run) => run.look())
  const line = new RegExp(`drift shop\\.${name}: ${drift} .*; to do: (.*)`)
  const [, advice = ''] = line.exec((await type('status')).printed) ?? []
  expect(advice).not.toBe('')
  await lab.write(`${kind}-after`, people, ...after.map(ofOwn))
  lab.schemas = `${kind}-after`
  /* A start is one command, a load is asked of the run. */
  await (advice.includes('tidemark dev') ? follow(advice) : running(() => follow(advice)))
  await isEqual()
  expect((await type('status')).printed).not.toContain(own('drift shop.goods'))
}

const { v: _, ...without } = base.columns
const changed = (columns: Table['columns'], version = 1): readonly Table[] => [{ ...base, version, columns }]

/** Differences of the source that a contract has to follow; `npm run test:advice`. */
export const driftAdvice: Readonly<Record<string, Follow>> = {
  'drop-column': {
    kind: 'live',
    isLong: true,
    scenario: (place) =>
      mends(place, {
        drift: 'drop-column',
        sql: `alter table goods drop column v; update goods set n = 7 where id = 1`,
        after: changed(without, 2),
      }),
  },
  'rename-column': {
    kind: 'live',
    isLong: true,
    scenario: async (place) => {
      await mends(place, {
        drift: 'rename-column',
        sql: `alter table goods rename v to w; update goods set w = 'x' where id = 1`,
        after: changed({ ...base.columns, v: col.string('A text', { nullable: true, from: 'w' }) }),
      })
      /* Of the key: what was written meanwhile waits until the load. */
      await mends(place, {
        drift: 'rename-column',
        sql: `alter table goods rename id to nr; update goods set nr = 70 where nr = 7; delete from goods where nr = 2`,
        after: changed({ ...base.columns, id: col.integer('Key', { from: 'nr' }) }),
        as: 'renamed-key',
      })
    },
  },
  'column-type-change': {
    kind: 'live',
    isLong: true,
    scenario: (place) =>
      mends(place, {
        drift: 'column-type-change',
        sql: `alter table goods alter n type bigint; update goods set n = 5000000000 where id = 1`,
        after: changed({ ...base.columns, n: col.bigint('A number', { nullable: true }) }, 2),
      }),
  },
  'column-default': {
    kind: 'live',
    isLong: true,
    scenario: (place) =>
      mends(place, {
        drift: 'column-default',
        sql: `alter table goods add column w text default 'given'`,
        after: changed({ ...base.columns, w: col.string('A text', { nullable: true }) }),
      }),
  },
  'enum-label': {
    kind: 'live',
    isLong: true,
    scenario: (place) =>
      mends(place, {
        drift: 'enum-label',
        sql: `alter type mood rename value 'low' to 'deep'`,
        after: changed({
          ...base.columns,
          mood: col.enum(['low', 'high', 'deep'], 'A mood', { nullable: true }),
        }),
      }),
  },
  'change-columns': {
    kind: 'live',
    isLong: true,
    scenario: (place) =>
      mends(place, {
        drift: 'change-columns',
        sql: `alter table goods drop constraint goods_pkey; alter table goods add primary key (v);
          update goods set n = 7 where v = 'v1'`,
        after: [
          {
            ...base,
            version: 2,
            primaryKey: ['v'],
            columns: { ...base.columns, v: col.string('A text') },
          },
        ],
      }),
  },
}
