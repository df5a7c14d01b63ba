import { join } from 'node:path'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isOver, loadState } from '../../../core/load/load.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { runs, within } from '../../support/budget.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'

/* One change of the source, by a small key; what is not there is left. */
type Write =
  | { readonly kind: 'put' | 'touch' | 'delete' | 'undo'; readonly id: number; readonly value: number }
  | { readonly kind: 'move'; readonly id: number; readonly value: number }
  | { readonly kind: 'truncate' }

const id = fc.integer({ min: 1, max: 12 })
const value = fc.integer({ min: 0, max: 9 })
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), id, value }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('touch' as const), id, value }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), id, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), id, value: id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const), id, value }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'truncate' as const }) },
)
/* Bursts at the steps of a load: before it is asked for, while it reads, when its file has landed, before its floor, after. */
const STEPS = 5
const bursts = fc.array(fc.array(write, { maxLength: 6 }), { minLength: STEPS, maxLength: STEPS })

/* Large, out of line and incompressible, so that an update which leaves it alone does not send it. */
const LARGE = `(select string_agg(md5(i::text || $2::text), '') from generate_series(1, 300) i)`

let scratch: Scratch
let run: LocalRun
let writer: pg.Client

beforeAll(async () => {
  scratch = await openScratch(0o755)
  const server = await scratch.startCopied('adversary')
  writer = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 5_000 })
  await writer.connect()
  scratch.later(() => writer.end())
  await writer.query(
    `CREATE TABLE public.things (id int PRIMARY KEY, n int NOT NULL, large text NOT NULL, moved boolean)`,
  )
  await writer.query('ALTER TABLE public.things ALTER large SET STORAGE EXTERNAL')
  run = await openLocalRun({
    dir: join(scratch.folder, 'run'),
    source: { url: server.url },
    isEmbedded: false,
    system: 'adversary',
    contracts: [],
    patterns: ['public.*'],
    slot: 'adversary',
    publication: 'adversary',
    reload: false,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
    /* A row has ten kilobytes of text: files of one network buffer. */
    loadFileBytes: 10_000,
    log: { info: () => undefined, warn: () => undefined },
  })
  scratch.later(() => run.stop())
  await run.loaded(AbortSignal.timeout(60_000))
})
afterAll(() => scratch.clear())

test(
  'G2 G5: whatever is written at any step of a load, the lake equals the source afterwards, compacted or not',
  async () => {
    let loads = 0
    await fc.assert(
      fc.asyncProperty(bursts, fc.boolean(), async (given, isCompacted) => {
        const [before = [], reading = [], landed = [], floor = [], after = []] = given
        await writeAll(before)
        const { catalog, ledger } = run.pipeline
        tap(ledger, 'recordLoadFile', async () => {
          await writeAll(landed)
          if (isCompacted) await run.compact()
        })
        tap(catalog, 'addFloor', () => writeAll(floor))
        const load = await run.loads.start({ tables: ['public.things'] })
        await writeAll(reading)
        await over(load.id)
        await writeAll(after)
        if (isCompacted) await run.compact()
        const proof = await run.reconcile(AbortSignal.timeout(60_000))
        expect(proof.tables.map(({ equal, different }) => ({ equal, different }))).toEqual([
          { equal: true, different: 0 },
        ])
        loads += 1
      }),
      { numRuns: runs(6) },
    )
    expect(loads).toBeGreaterThan(0)
  },
  within(60_000),
)

async function writeAll(writes: readonly Write[]): Promise<void> {
  for (const one of writes) await perform(one)
}

async function perform(one: Write): Promise<void> {
  switch (one.kind) {
    case 'truncate':
      await writer.query('TRUNCATE public.things')
      return
    case 'put':
      await writer.query(
        `INSERT INTO public.things VALUES ($1, $2::int, ${LARGE}, false)
         ON CONFLICT (id) DO UPDATE SET n = excluded.n, large = excluded.large`,
        [one.id, one.value],
      )
      return
    case 'touch':
      await writer.query('UPDATE public.things SET n = n + $2 WHERE id = $1', [one.id, one.value])
      return
    case 'move':
      await writer.query(
        `UPDATE public.things SET id = $2, moved = true WHERE id = $1 AND NOT EXISTS (SELECT FROM public.things WHERE id = $2)`,
        [one.id, one.value],
      )
      return
    case 'delete':
      await writer.query('DELETE FROM public.things WHERE id = $1', [one.id])
      return
    case 'undo':
      await writer.query('BEGIN')
      await writer.query('DELETE FROM public.things WHERE id = $1', [one.id])
      await writer.query('ROLLBACK')
  }
}

/* Runs `work` once, just before the next call of a method. */
function tap<T extends object, K extends keyof T>(target: T, name: K, work: () => Promise<void>): void {
  const original: unknown = target[name]
  if (typeof original !== 'function') throw new Error('not a method')
  const wrapped = async (...given: readonly unknown[]) => {
    Object.assign(target, { [name]: original })
    await work()
    return original.apply(target, given)
  }
  Object.assign(target, { [name]: wrapped })
}

async function over(load: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = run.loads.loads().find((one) => one.id === load)
    if (found !== undefined && isOver(loadState(found))) {
      expect(loadState(found)).toBe('complete')
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the load did not end')
}
