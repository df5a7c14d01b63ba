import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { pauseAfter } from '../../../local/pipeline/source-link.ts'
import { SourceRun } from '../../../local/pipeline/source-run.ts'
import { RunState, type RunStateData } from '../../../local/state/run-state.ts'
import { refusal, until, walEnd } from '../../engine/postgres/source-server.ts'
import { RunnerFixture } from '../loads/runner-fixture.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'

let scratch: Scratch
let stage: RunnerFixture
beforeAll(async () => {
  scratch = await openScratch(0o755)
  stage = await RunnerFixture.open(scratch)
})
afterAll(() => scratch.clear())

/* Capture of tables that are loaded; waits are a millisecond long. */
async function sourceRun(slot: string, saved = async () => undefined): Promise<SourceRun> {
  const loads = stage.sources.map((table) => {
    const load = { state: 'complete' as const, oid: table.oid, rows: 1, position: null }
    return [sourceTableName(table), load] as const
  })
  const data: RunStateData = {
    slot,
    publication: 'bounded',
    slotState: 'none',
    epoch: 1,
    added: [],
    source: { name: 'runner', system: '1', database: 'runner', address: 'here', isEmbedded: false },
    loads: Object.fromEntries(loads),
  }
  const nothing = () => undefined
  return new SourceRun({
    source: { url: stage.url },
    tables: () => stage.sources,
    streamed: () => stage.sources,
    keysOf: () => [],
    now: Date.now,
    hasFormer: () => false,
    reads: () => true,
    altered: nothing,
    lookSoon: nothing,
    saved,
    look: async () => undefined,
    pipeline: stage.pipeline,
    loads: await stage.runner(),
    log: { info: nothing, warn: nothing },
    state: new RunState(stage.pipeline.documents, data),
    pauseAfter: (error, failures) => (pauseAfter(error, failures) === undefined ? undefined : 1),
  })
}

test('a failure that may pass, and does not, ends the run after so many attempts', async () => {
  const { raw } = stage.pipeline
  let attempts = 0
  raw.put = async () => {
    attempts += 1
    throw new PipelineError('raw/unavailable', 'the disk is full')
  }
  const run = await sourceRun('bounded')
  const abort = new AbortController()
  const ended = refusal(run.run(abort.signal))
  await until(async () => run.link.current().state === 'reading')
  await stage.client.query('UPDATE public.rota SET n = 0 WHERE id = 1')
  const goesOn = until(() => attempts > 12).then(() => undefined)
  const error = await Promise.race([ended, goesOn])
  abort.abort()
  await ended.catch(() => undefined)
  Reflect.deleteProperty(raw, 'put')
  /* One that brought the position further before it failed is not counted. */
  expect(error?.code).toBe('raw/unavailable')
  expect(attempts).toBeGreaterThanOrEqual(5)
})

test('G1 rows are not acknowledged when what they were read by could not be written', async () => {
  const run = await sourceRun('saved', () =>
    Promise.reject(new PipelineError('run/disk-full', 'tables.json')),
  )
  const abort = new AbortController()
  const ended = refusal(run.run(abort.signal))
  await until(async () => run.link.current().state === 'reading')
  await stage.client.query('UPDATE public.rota SET n = 0 WHERE id = 2')
  const end = await walEnd(stage.client)
  const goesOn = until(() => run.capturedLsn >= end).then(() => undefined)
  const error = await Promise.race([ended, goesOn])
  abort.abort()
  await ended.catch(() => undefined)
  expect(error?.code).toBe('run/disk-full')
})
