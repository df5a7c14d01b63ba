import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { inspectSource } from '../../../local/run/tables/inspect-source.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { ask, openScratch, type Scratch } from '../../local/sample/scratch.ts'
import { testedMajors } from '../../support/postgres-majors/tested-majors.ts'
import { refusal } from '../postgres/source-server.ts'

/* Room to install a version the first time. */
vi.setConfig({ hookTimeout: 120_000 })

const SCHEMA = `
  create schema sales;
  create table sales.orders (id int primary key, total numeric(12, 2), note text, at timestamptz default now());
  insert into sales.orders select i, i, repeat('n', i) from generate_series(1, 500) i;
  create table sales.lines (id int, day date, n int, primary key (id, day)) partition by range (day);
  create table sales.lines_1 partition of sales.lines for values from ('2026-01-01') to ('2026-02-01');
  create table sales.lines_2 partition of sales.lines for values from ('2026-02-01') to ('2026-03-01');
  insert into sales.lines select i, date '2026-01-01' + i, i from generate_series(1, 50) i;
  create table sales.clicks (line text);
  create table sales.turns (pos int primary key deferrable, name text);
  insert into sales.turns select i, 'n' || i from generate_series(1, 5) i`

/* An insert, an update, moved keys, a row that changes its partition, a delete, and what the tables left out take. */
const WRITES = `
  insert into sales.orders select i, i, 'new' from generate_series(501, 600) i;
  update sales.orders set total = total + 0.5 where id % 2 = 0;
  update sales.orders set id = id + 1000 where id <= 10;
  update sales.lines set day = day + 10 where id between 20 and 30;
  delete from sales.lines where id > 45; delete from sales.orders where id = 100;
  insert into sales.clicks values ('c'); update sales.clicks set line = 'd';
  update sales.turns set pos = pos + 1`

describe.each(await testedMajors())('$title', ({ major, project, isMissing }) => {
  let scratch: Scratch
  let url = ''
  beforeAll(async () => {
    if (isMissing) return
    scratch = await openScratch(0o755)
    ;({ url } = await scratch.start({ settings: { fsync: 'off' }, ...(project && { project }) }))
    await ask(url, SCHEMA)
  })
  afterAll(() => (isMissing ? undefined : scratch.clear()))

  const options = () => ({
    dir: join(scratch.folder, 'run'),
    source: { url },
    isEmbedded: false,
    system: 'shop',
    contracts: [],
    patterns: ['sales.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    reload: false,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  })

  async function proven(run: LocalRun): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(60_000)
    await run.loaded(signal)
    const { tables } = await run.reconcile(signal)
    return tables.map(({ table, equal }) => `${table} ${equal}`).toSorted()
  }

  test.skipIf(isMissing)('a run follows what it can, stops no write, and equals the source', async () => {
    const run = await openLocalRun(options())
    try {
      const left = major < 13 ? [] : ['sales.lines true']
      expect(await proven(run)).toEqual([...left, 'sales.orders true'])
      expect(
        run
          .status()
          .leftOut.map(({ table, code }) => `${table} ${code}`)
          .toSorted(),
      ).toEqual([
        'sales.clicks source/no-primary-key',
        ...(major < 13 ? ['sales.lines source/unsupported-version'] : []),
        'sales.turns source/deferrable-key',
      ])
      await ask(url, WRITES)
      expect(await proven(run)).toEqual([...left, 'sales.orders true'])
    } finally {
      await run.stop()
    }
  })

  test.skipIf(isMissing)('a role that may not ask which server it is gets the statement', async () => {
    await ask(
      url,
      `create role reader login replication password 'reader'; revoke execute on function pg_control_system() from public`,
    )
    const reader = new URL(url)
    reader.username = 'reader'
    reader.password = 'reader'
    const folder = runFolder(join(scratch.folder, 'other'))
    const error = await refusal(inspectSource({ ...options(), source: { url: reader.href } }, folder))
    expect(error.code).toBe('source/privilege')
    await ask(url, /: (GRANT .*;)$/.exec(error.message)?.[1] ?? 'no SQL in the message')
    const next = await refusal(inspectSource({ ...options(), source: { url: reader.href } }, folder))
    expect(next.message).not.toContain('pg_control_system')
  })
})
