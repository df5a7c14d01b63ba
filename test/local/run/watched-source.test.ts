import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { recoverEntry } from '../../../local/operations/recover-entry.ts'
import { type SourceServer, startSource, until } from '../../engine/postgres/source-server.ts'
import { whole } from '../../support/budget.ts'
import { AddingFixture } from './adding-fixture.ts'

let server: SourceServer
let lab: AddingFixture

const plain = (name: string) => `
  create table ${name} (id int primary key, code int not null unique, v text);
  insert into ${name} select i, i * 10, '${name}' from generate_series(1, 9) i;`
const parted = (name: string) => `
  create table ${name} (id int, day date, code int not null, v text, primary key (id, day)) partition by range (day);
  create table ${name}_01 partition of ${name} for values from ('2026-01-01') to ('2026-02-01');
  create unique index ${name}_01_code on ${name}_01 (code);
  insert into ${name} select i, '2026-01-05', i * 10, 'x' from generate_series(1, 6) i;`
/* Not attached yet; its rows are its own. */
const leaf = (name: string, root: string) => `
  create table ${name} (like ${root} including all);
  insert into ${name} select i, '2026-02-05', i * 10, 'x' from generate_series(11, 14) i;`

beforeAll(async () => {
  server = await startSource()
})
afterAll(async () => {
  await lab?.close()
  await server.stop()
})

/* The tables of a test, followed and loaded, in a database and a folder of their own. */
async function follow(sql: string): Promise<void> {
  await lab?.close()
  lab = await AddingFixture.open(server, { sql, patterns: ['public.*'] })
}

const drift = (table: string) =>
  (lab.run.pipeline.drift.ofTable(`public.${table}`)?.definitions ?? []).map(({ operation }) => operation)

async function reasons(): Promise<readonly string[]> {
  const found: string[] = []
  for await (const entry of lab.run.pipeline.quarantine.list())
    found.push(...entry.reasons.map(({ code }) => code))
  return found
}

/* Why entries of a table cannot be redriven yet. */
async function redriven(table: string): Promise<readonly string[]> {
  const { pipeline } = lab.run
  const found: string[] = []
  for await (const entry of pipeline.quarantine.list({ table: `public.${table}` }))
    found.push(
      ...(await recoverEntry(entry, pipeline, { epoch: 1, isDryRun: true, hasFormer: () => true })).map(
        ({ code }) => code,
      ),
    )
  return found
}

/* As `status` counts them. */
const waiting = (table: string) =>
  lab.run.status().tables.find((one) => one.table === `public.${table}`)?.quarantined ?? -1

const loads = (table: string) =>
  lab.run.loads.loads().filter((load) => load.tables.some((one) => one.table === `public.${table}`)).length

/* Everything that was written is read, and what the source is like looked at. */
async function looked(): Promise<void> {
  expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
  await lab.run.look()
}

async function equal(...tables: readonly string[]): Promise<void> {
  const names = tables.map((table) => `public.${table}`)
  expect(await lab.verdicts(...names)).toEqual(names.toSorted())
}

describe('the replica identity', () => {
  test('that leaves the key out is drift at its first row; such rows wait, and the table is loaded again when it is right', async () => {
    await follow(plain('swapped_identity'))
    await lab.sql(`
      alter table swapped_identity replica identity using index swapped_identity_code_key;
      insert into swapped_identity values (50, 500, 'new');
      update swapped_identity set id = 77 where id = 7; delete from swapped_identity where id = 1`)
    await looked()
    expect(drift('swapped_identity')).toEqual(['replica-identity'])
    expect((await reasons()).filter((code) => code === 'capture/no-old-key')).toHaveLength(2)
    expect(await redriven('swapped_identity')).toEqual(['capture/no-old-key', 'capture/no-old-key'])
    expect(loads('swapped_identity')).toBe(1)
    await lab.sql('alter table swapped_identity replica identity default')
    await looked()
    await equal('swapped_identity')
    await until(() => waiting('swapped_identity') === 0)
    await equal('swapped_identity')
    expect(waiting('swapped_identity')).toBe(0)
    expect([drift('swapped_identity'), loads('swapped_identity')]).toEqual([[], 2])
  })

  whole('of a partition counts as that of the table', async () => {
    await follow(parted('leafy'))
    await lab.sql(`alter table leafy_01 replica identity using index leafy_01_code;
      update leafy set id = 33 where id = 3; update leafy set id = 55, code = 51 where id = 5; delete from leafy where id = 1`)
    await looked()
    expect(drift('leafy')).toEqual(['replica-identity'])
    await lab.sql('alter table leafy_01 replica identity default')
    await looked()
    await equal('leafy')
    expect(drift('leafy')).toEqual([])
  })
})

describe('the publication', () => {
  test('that was altered and put back while nobody looked has the table loaded again', async () => {
    await follow(plain('unpublished') + plain('beside'))
    const before = loads('beside')
    await lab.sql('alter publication adding drop table unpublished')
    await lab.sql(`update unpublished set v = 'lost'; delete from unpublished where id = 2`)
    await lab.sql('alter publication adding add table only unpublished')
    await looked()
    await equal('unpublished', 'beside')
    expect([loads('unpublished'), loads('beside') - before]).toEqual([2, 0])
  })

  whole('that filters rows is drift, and a start that puts nothing right does not hide it', async () => {
    await lab.sql('alter publication adding drop table unpublished')
    await lab.sql('alter publication adding add table only unpublished where (id < 5)')
    await lab.sql(`update unpublished set v = 'filtered'`)
    await looked()
    expect(drift('unpublished')).toEqual(['publication'])
    await lab.sql('alter publication adding drop table unpublished')
    await lab.sql('alter publication adding add table only unpublished')
    await lab.reopen(['public.*'])
    await equal('unpublished')
    expect(drift('unpublished')).toEqual([])
  })

  whole('that was altered and put back while nothing ran has the table loaded again too', async () => {
    await lab.stop()
    await lab.sql(`alter publication adding set (publish = 'insert')`)
    await lab.sql('delete from unpublished where id = 3')
    await lab.sql(`alter publication adding set (publish = 'insert, update, delete, truncate')`)
    await lab.start(['public.*'])
    await equal('unpublished')
  })
})

describe('partitions', () => {
  test('one that is attached with rows has the table loaded again, one that is made in its place has not', async () => {
    await follow(parted('attaching') + leaf('attaching_02', 'attaching'))
    await lab.sql(`create table attaching_03 partition of attaching for values from ('2026-03-01') to ('2026-04-01');
      insert into attaching values (31, '2026-03-03', 310, 'x')`)
    await looked()
    expect([drift('attaching'), loads('attaching')]).toEqual([[], 1])
    await lab.sql(
      `alter table attaching attach partition attaching_02 for values from ('2026-02-01') to ('2026-03-01')`,
    )
    await looked()
    await equal('attaching')
    expect([drift('attaching'), loads('attaching')]).toEqual([[], 2])
  })

  whole('one that left, changed and came back right away is not as it was', async () => {
    await lab.sql('alter table attaching detach partition attaching_02')
    await lab.sql(`update attaching_02 set v = 'elsewhere'`)
    await lab.sql(
      `alter table attaching attach partition attaching_02 for values from ('2026-02-01') to ('2026-03-01')`,
    )
    await looked()
    await equal('attaching')
    expect(loads('attaching')).toBe(3)
  })

  whole('one that is detached or dropped takes its rows along, also while nothing runs', async () => {
    await lab.sql('alter table attaching detach partition attaching_02')
    await looked()
    await equal('attaching')
    await lab.stop()
    await lab.sql('drop table attaching_02; drop table attaching_03')
    await lab.start(['public.*'])
    await equal('attaching')
  })

  test('one that is truncated by itself is empty in the lake, too', async () => {
    const before = loads('attaching')
    await lab.sql('truncate attaching_01')
    await looked()
    await equal('attaching')
    expect(loads('attaching') - before).toBe(1)
  })

  whole('one that is not in the log is drift until it is', async () => {
    await follow(`${parted('logless')}
      create table logless_02 partition of logless for values from ('2026-02-01') to ('2026-03-01')`)
    await lab.sql(
      `alter table logless_02 set unlogged; insert into logless values (21, '2026-02-02', 210, 'x')`,
    )
    await looked()
    expect(drift('logless')).toEqual(['unlogged-partition'])
    await lab.sql('alter table logless_02 set logged')
    await looked()
    await equal('logless')
    expect(drift('logless')).toEqual([])
  })
})

describe('names', () => {
  test('of two tables that are swapped never mix their rows, and both are loaded again', async () => {
    await follow(plain('left_one') + plain('right_one'))
    await lab.sql(`begin; alter table left_one rename to aside; alter table right_one rename to left_one;
      alter table aside rename to right_one; commit;
      update left_one set v = v || '!' where id < 4; update right_one set v = v || '?' where id > 6;
      delete from right_one where id = 5`)
    await until(() => loads('left_one') === 2 && loads('right_one') === 2)
    await equal('left_one', 'right_one')
    await until(() => waiting('left_one') + waiting('right_one') === 0)
    await equal('left_one', 'right_one')
    expect([waiting('left_one'), waiting('right_one')]).toEqual([0, 0])
    expect([drift('left_one'), drift('right_one')]).toEqual([[], []])
    await lab.sql(
      `update left_one set v = 'after' where id = 1; insert into right_one values (99, 990, 'after')`,
    )
    await equal('left_one', 'right_one')
    await lab.reopen(['public.*'])
    await equal('left_one', 'right_one')
  })

  const away = (name: string) => `
    create table ${name} (id int primary key, n int, body text); alter table ${name} alter body set storage external;
    insert into ${name} select i, i, repeat('${name}', 2000) from generate_series(1, 5) i;`

  test('that a table gave up and has again: what it had under the other one is in a load that comes by itself', async () => {
    await follow(`${away('apart')}${away('emptied')}${parted('tree')}${plain('moved')}`)
    await lab.sql(`alter table apart rename to apart_t; insert into apart_t values (6, 6, 'six');
      update apart_t set body = repeat('changed', 2000) where id = 1; delete from apart_t where id = 2;
      alter table apart_t rename to apart; update apart set n = 0 where id in (1, 6);
      alter table emptied rename to emptied_t; truncate emptied_t; insert into emptied_t values (7, 7, 'b');
      alter table emptied_t rename to emptied; insert into emptied values (8, 8, 'c')`)
    await lab.sql(`begin; alter table tree rename to tree_t; update tree_t set v = 'while away' where id < 3;
      alter table tree_t rename to tree; commit; update tree set v = 'back' where id = 6`)
    await lab.sql(
      `create schema away; alter table moved set schema away; update away.moved set v = 'away' where id = 1`,
    )
    await looked()
    expect([drift('moved'), loads('moved')]).toEqual([['rename-table'], 1])
    await lab.sql(`alter table away.moved set schema public; drop schema away`)
    await looked()
    await until(() => ['apart', 'emptied', 'tree', 'moved'].every((name) => loads(name) === 2))
    await equal('apart', 'emptied', 'tree', 'moved')
    expect(['apart', 'emptied', 'tree', 'moved'].map(drift)).toEqual([[], [], [], []])
  })

  test('of two tables that are swapped and swapped back: both are loaded again, and histories are not mixed', async () => {
    await follow(plain('this') + plain('that'))
    const swap = `alter table this rename to x1; alter table that rename to this; alter table x1 rename to that;`
    await lab.sql(`begin; ${swap} update this set v = 'of that' where id = 1; ${swap} commit`)
    await looked()
    await until(() => loads('this') === 2 && loads('that') === 2 && waiting('this') === 0)
    await equal('this', 'that')
    expect([drift('this'), drift('that'), waiting('this')]).toEqual([[], [], 0])
    const entries = await lab.run.pipeline.catalog.entries()
    const session = await LakeSession.open({ folder: lab.dir, entries })
    try {
      const asked = `select count(*)::integer from public.this_history where v = 'of that'`
      const { batches } = await session.query(asked)
      for await (const batch of batches) expect(batch).toEqual([[0]])
    } finally {
      session.close()
    }
  })

  whole('a table that becomes a partition of a new one of its name is followed as that', async () => {
    await follow(
      `create table growing (id int primary key, v text); insert into growing values (1, 'a'), (2, 'b')`,
    )
    await lab.sql(`begin; alter table growing rename to growing_old;
      create table growing (id int primary key, v text) partition by range (id);
      alter table growing attach partition growing_old for values from (0) to (100);
      create table growing_new partition of growing for values from (100) to (200); commit;
      insert into growing values (3, 'c'), (101, 'd'); update growing set v = 'e' where id = 1`)
    await looked()
    await equal('growing')
    await lab.sql(`insert into growing values (102, 'f'); delete from growing where id = 2`)
    await equal('growing')
  })

  whole('a table that is dropped and made again is followed as the new one', async () => {
    await follow(plain('anew'))
    await lab.sql(`drop table anew; ${plain('anew')} delete from anew where id > 4`)
    await looked()
    await equal('anew')
  })
})

describe('values that an update leaves out', () => {
  const large = (name: string) => `
    create table ${name} (id int primary key, v text, body text);
    alter table ${name} alter body set storage external;
    insert into ${name} select i, 'of ${name}', repeat('${name}', 1000) from generate_series(1, 4) i;`

  async function landed(): Promise<void> {
    const { rows } = await lab.sql("select (pg_current_wal_lsn() - '0/0')::text as lsn")
    await until(() => BigInt(lab.run.status().landedLsn) >= BigInt(rows[0].lsn))
  }

  /* Whose body each key has, as a reader of the name sees it. */
  async function bodies(table: string): Promise<readonly string[]> {
    const entries = await lab.run.pipeline.catalog.entries()
    const session = await LakeSession.open({ folder: lab.dir, entries })
    try {
      const { batches } = await session.query(
        `select id || ' ' || v || ' ' || coalesce(body[1:3], 'nothing') from public.${table} order by id`,
      )
      const rows: string[] = []
      for await (const batch of batches) rows.push(...batch.map(([text]) => String(text)))
      return rows
    } finally {
      await session.close()
    }
  }

  test('are never taken from another table that had the name, whether its load has begun or not', async () => {
    await follow(large('one') + large('two'))
    const { catalog } = lab.run.pipeline
    const addFloor = catalog.addFloor.bind(catalog)
    const isRead: string[] = []
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    /* Loads come one after another: one is read and the other not begun when the updates come. */
    catalog.addFloor = async (table, floor) => {
      isRead.push(table)
      await opened
      await addFloor(table, floor)
    }
    await lab.sql(`begin; alter table one rename to aside; alter table two rename to one;
      alter table aside rename to two; commit; insert into one values (9, 'wakes', 'up')`)
    await until(() => isRead.length === 1)
    await lab.sql(`update one set v = 'changed' where id in (1, 2); update two set v = 'changed' where id in (1, 2);
      update one set v = 'whole', body = 'new' where id = 2; update one set v = 'again' where id = 1`)
    try {
      await until(() => waiting('one') >= 3 && waiting('two') >= 2)
      await landed()
      const mixed = [...(await bodies('one')), ...(await bodies('two'))].filter((row) =>
        /changed|again/.test(row),
      )
      expect([mixed, isRead.length]).toEqual([[], 1])
    } finally {
      open()
    }
  })
})

describe('what no change of a row tells', () => {
  test('is drift with a way on, and a load mends it', async () => {
    await follow(`
      create type mood as enum ('low', 'high'); create type place as (x int);
      create table moods (id int primary key, mood mood); insert into moods values (1, 'low'), (2, 'high');
      create table places (id int primary key, place place); insert into places values (1, row(1));
      create table pairs (id int primary key, a text, b text); insert into pairs values (1, 'a', 'b');
      create table again (id int primary key, v text); insert into again values (1, 'v');
      create table defaults (id int primary key); insert into defaults values (1);
      create table renamed (id int primary key, old text); insert into renamed values (1, 'v')`)
    await lab.sql(`
      alter type place add attribute y int;
      alter table pairs rename a to c; alter table pairs rename b to a; alter table pairs rename c to b;
      alter table again drop column v; alter table again add column v text;
      alter table defaults add column v text default 'given';
      alter table renamed rename old to new`)
    await lab.sql(`alter type mood rename value 'low' to 'deep'`)
    await looked()
    expect(['moods', 'places', 'pairs', 'again', 'defaults', 'renamed'].map(drift)).toEqual([
      ['enum-label'],
      ['composite-type'],
      ['other-column'],
      ['other-column'],
      ['column-default'],
      ['rename-column'],
    ])
    /* The first row of each says again what a look has said. */
    await lab.sql(
      `insert into pairs values (2, 'c', 'd'); insert into again values (2, 'w'); insert into renamed values (2, 'w')`,
    )
    await looked()
    expect(['pairs', 'again', 'renamed'].map(drift)).toEqual([
      ['other-column'],
      ['other-column'],
      ['rename-column'],
    ])
    await lab.run.loads.start({ tables: ['public.pairs', 'public.places', 'public.again'] })
    await until(() => drift('pairs').length + drift('places').length + drift('again').length === 0)
    await equal('again', 'pairs', 'places')
  })

  test('of a column that has its name again after rows came under another: the table is loaded again', async () => {
    await follow(`${plain('called')}${plain('keyed')}`)
    await lab.sql(`alter table called rename v to "Vv"; insert into called values (20, 200, 'x');
      update called set "Vv" = 'y' where id = 1; alter table called rename "Vv" to v`)
    await lab.sql(
      `alter table keyed rename id to nr; insert into keyed values (30, 300, 'x'); update keyed set v = 'y' where nr = 1`,
    )
    await looked()
    expect([drift('keyed'), loads('keyed')]).toEqual([['rename-column'], 1])
    await lab.sql('alter table keyed rename nr to id; update keyed set v = id::text where id = 2')
    await looked()
    await until(() => loads('called') === 2 && loads('keyed') === 2)
    await equal('called', 'keyed')
    expect([drift('called'), drift('keyed')]).toEqual([[], []])
  })

  test('of a key column that was renamed is one drift; of a table that was made anew while nothing ran its columns are', async () => {
    await follow(`
      create table rekeyed (id int primary key, v text); insert into rekeyed values (1, 'v'), (2, 'w');
      create table made_again (id int primary key, v text, w int); insert into made_again values (1, 'v', 1)`)
    await lab.sql(`alter table rekeyed rename id to nr`)
    await lab.sql(`update rekeyed set nr = 3 where nr = 1; insert into rekeyed values (4, 'x')`)
    await looked()
    expect(drift('rekeyed')).toEqual(['rename-column'])
    await lab.stop()
    await lab.sql(
      `drop table made_again; create table made_again (id text primary key, v text); insert into made_again values ('a', 'v')`,
    )
    await lab.start(['public.*'])
    expect(drift('rekeyed')).toEqual(['rename-column'])
    expect(drift('made_again')).toEqual(['drop-column', 'column-type-change'])
  })
})
