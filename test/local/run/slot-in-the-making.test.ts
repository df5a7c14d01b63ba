import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type LocalRun, type LocalRunOptions, openLocalRun } from '../../../local/run/local-run.ts'
import { inspectSource } from '../../../local/run/tables/inspect-source.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { RunState } from '../../../local/state/run-state.ts'
import { storedRun, writeState } from '../../../local/state/state-file.ts'
import {
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
} from '../../engine/postgres/source-server.ts'
import { whole } from '../../support/budget.ts'

let server: SourceServer
let database: SourceDatabase
let dir: string
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

beforeEach(async () => {
  database = await server.database(`create table item (id int primary key, n int);
    insert into item select i, 0 from generate_series(1, 5) i`)
  dir = await mkdtemp(join(tmpdir(), 'tidemark-making-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }))
})

function options(): LocalRunOptions {
  return {
    dir,
    source: database.source,
    isEmbedded: false,
    system: 'making',
    contracts: [],
    patterns: ['public.item'],
    slot: 'making',
    publication: 'making',
    reload: false,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  }
}

async function slots(): Promise<readonly string[]> {
  const { rows } = await database.client.query<{ slot_name: string }>(
    `select slot_name from pg_replication_slots where slot_name = 'making'`,
  )
  return rows.map(({ slot_name }) => slot_name)
}

async function expectEqual(run: LocalRun): Promise<void> {
  await run.loaded(AbortSignal.timeout(60_000))
  const { tables } = await run.reconcile(AbortSignal.timeout(60_000))
  expect(tables).toMatchObject([{ table: 'public.item', equal: true, lakeRows: 5 }])
}

whole('G10 that a slot is being made is on disk before the source has it', async () => {
  const writer = new pg.Client({ connectionString: database.source.url })
  await writer.connect()
  onTestFinished(() => writer.end())
  /* A slot is not made before the transactions that are open have ended. */
  await writer.query('begin; update item set n = 1 where id = 1')
  const run = await openLocalRun(options())
  onTestFinished(() => run.stop())
  await until(async () => (await slots()).length === 1)
  expect((await storedRun(runFolder(dir)))?.slotState).toBe('creating')
  await writer.query('commit')
  await expectEqual(run)
  expect((await storedRun(runFolder(dir)))?.slotState).toBe('created')
})

test('G10 a slot whose making was cut off is made again, and every table loaded after it', async () => {
  const first = await openLocalRun(options())
  await expectEqual(first)
  await first.stop()
  const state = await storedRun(runFolder(dir))
  if (state === undefined) throw new Error('no state')
  /* As a crash leaves it between the slot and the word that it is there. */
  await writeState(runFolder(dir), ({ documents }) =>
    new RunState(documents, state).update({ slotState: 'creating' }),
  )
  expect(await slots()).toEqual(['making'])
  const inspected = await inspectSource(options(), runFolder(dir))
  expect(inspected.data).toMatchObject({ slotState: 'none', loads: {} })
  expect(await slots()).toEqual([])
  await database.client.query(
    'update item set n = 2; delete from item where id = 5; insert into item values (6)',
  )
  const again = await openLocalRun(options())
  onTestFinished(() => again.stop())
  await expectEqual(again)
})
