import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { readJsonFile } from '../../../local/documents/json-file.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { runStatus } from '../../../local/run/status/run-status.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import {
  refusal,
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
  walEnd,
} from '../../engine/postgres/source-server.ts'
import { TcpLine } from '../../support/tcp-line.ts'

let server: SourceServer
let database: SourceDatabase
let line: TcpLine
let dir: string

beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

beforeEach(async () => {
  database = await server.database(`create table item (id int primary key, n int);
    insert into item select i, 0 from generate_series(1, 50) i`)
  line = await TcpLine.open(database.source.url)
  dir = await mkdtemp(join(tmpdir(), 'tidemark-away-'))
  onTestFinished(async () => {
    await line.cut()
    await rm(dir, { recursive: true, force: true })
  })
})

async function start(): Promise<LocalRun> {
  const run = await openLocalRun({
    dir,
    source: { url: line.url },
    isEmbedded: false,
    system: 'away',
    contracts: [],
    patterns: ['public.item'],
    slot: 'away',
    publication: 'away',
    reload: false,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
    silenceMs: 1_000,
    log: { info: () => undefined, warn: () => undefined },
  })
  await run.loaded(AbortSignal.timeout(60_000))
  await until(() => run.status().link?.state === 'reading')
  return run
}

/** Every row is changed while nothing passes; afterwards nothing is missing. */
async function changedMeanwhile(run: LocalRun, mend: () => Promise<void>): Promise<void> {
  await database.client.query(
    'update item set n = n + 1; insert into item values (100, 1); delete from item where id = 7',
  )
  await until(() => run.status().link?.state === 'waiting')
  const { link } = run.status()
  /* A busy machine may have tried again, in vain, before this looks. */
  expect(link).toMatchObject({ failure: { code: 'source/unreachable' } })
  expect(link?.lost).toBeGreaterThanOrEqual(1)
  await mend()
  await run.pipeline.reach(await walEnd(database.client), AbortSignal.timeout(60_000))
  expect(run.status().link).toMatchObject({ state: 'reading', failure: null })
  expect(run.status().link?.lost).toBeGreaterThanOrEqual(link?.lost ?? 1)
  const proof = await run.reconcile(AbortSignal.timeout(60_000))
  expect(proof.tables).toMatchObject([{ equal: true, sourceRows: 50, lakeRows: 50 }])
}

test('a source that goes away is waited for, and read on when it is back', async () => {
  const run = await start()
  await line.cut()
  await changedMeanwhile(run, () => line.mend())
  await run.stop()
  const kept = await readJsonFile(runFolder(dir).status, runStatus)
  expect(kept?.ended).toMatchObject({ failure: null })
})

test('a connection that stalls half-open is left, and the slot is read again', async () => {
  const run = await start()
  line.stall()
  await changedMeanwhile(run, async () => line.flow())
  await run.stop()
})

test('a failure that somebody must mend ends the run at once, and stays in its status', async () => {
  const run = await start()
  await line.cut()
  await until(() => run.status().link?.state === 'waiting')
  await database.client.query(`select pg_drop_replication_slot('away')`)
  await line.mend()
  expect((await refusal(run.failed)).code).toBe('source/slot-lost')
  await run.stop()
  const kept = await readJsonFile(runFolder(dir).status, runStatus)
  expect(kept?.ended).toMatchObject({ failure: { code: 'source/slot-lost' } })
})

test('a first start does not wait for a source that is away', async () => {
  await line.cut()
  const error = await start().then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(PipelineError)
  expect(error).toMatchObject({
    code: 'source/unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})
