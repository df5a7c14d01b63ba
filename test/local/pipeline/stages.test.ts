import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { Balance } from '../../../core/ledger/ledger-balance.ts'
import { encodePages, type Page, type RawChange } from '../../../core/page.ts'
import type { QuarantineEntry } from '../../../core/ports/ports.ts'
import { formatPosition, type Position } from '../../../core/position.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { router } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { currentSelect } from '../../../lake/sql/current-select.ts'
import { historySelect } from '../../../lake/sql/history-select.ts'
import { FormatLoop } from '../../../local/pipeline/format-loop.ts'
import { FreshnessHistogram } from '../../../local/pipeline/freshness.ts'
import { LandLoop } from '../../../local/pipeline/land-loop.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { storedEntries } from '../../../local/state/state-file.ts'
import { FolderDelivery } from '../../../local/stores/folder-delivery.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import { isWhole, runs, within } from '../../support/budget.ts'
import { openStores } from '../../support/open-stores.ts'
import {
  type Fault,
  faultyCatalog,
  faultyLedger,
  faultyObjects,
  faultyQuarantine,
  Injected,
  Power,
} from './faults.ts'

const things = table({
  name: 'w.things',
  version: 1,
  owner: 'tests',
  description: 'Things',
  source: { system: 'tests', table: 'public.things' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: { id: col.bigint('Key'), n: col.smallint('Number; larger ones are refused', { nullable: true }) },
})

let root: string
let session: LakeSession
let lives = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-stages-'))
  session = await LakeSession.open({ folder: root, entries: [] })
})

afterAll(async () => {
  session.close()
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
})

interface Step {
  readonly operation: 'put' | 'delete' | 'truncate'
  readonly id: number
  readonly n: number
}

/** The pages of a source's transactions, the rows that are left at their end, and the positions that are refused. */
interface Source {
  readonly pages: readonly Page[]
  readonly rows: ReadonlyMap<number, number>
  readonly good: readonly Position[]
  readonly refused: readonly Position[]
}

async function play(transactions: readonly (readonly Step[])[]): Promise<Source> {
  const pages: Page[] = []
  const rows = new Map<number, number>()
  const good: Position[] = []
  const refused: Position[] = []
  for (const [index, steps] of transactions.entries()) {
    const changes = steps.map(({ operation, id, n }, ordinal): RawChange => {
      const position = formatPosition({ epoch: 1, lsn: BigInt(index + 1), ordinal: ordinal + 1, step: 0 })
      const isRefused = operation === 'put' && n > 32_767
      ;(isRefused ? refused : good).push(position)
      if (operation === 'truncate') rows.clear()
      if (operation === 'delete') rows.delete(id)
      if (operation === 'put' && !isRefused) rows.set(id, n)
      const members = Buffer.from(operation === 'truncate' ? '"data":{}' : `"data":{"id":${id},"n":${n}}`)
      const name = operation === 'put' ? 'insert' : operation
      return { operation: name, position, committedAt: '2024-01-01T00:00:00.000000Z', members }
    })
    pages.push(...(await encodePages('public.things', { shard: 's', sequence: String(index) }, changes)))
  }
  return { pages, rows, good, refused }
}

/** One life of the process on a folder: it takes the pages that are left, formats and lands until all is done or it dies. */
async function live(folder: string, faults: readonly Fault[], waiting: Page[]): Promise<'done' | 'died'> {
  const power = new Power(faults)
  const { state, raw, ledger: books, close } = await openStores(folder)
  const kept = await FolderQuarantine.in(state, Date.now)
  const objects = faultyObjects(new FolderObjects(folder), power)
  const quarantine = faultyQuarantine(kept, power)
  const catalog = faultyCatalog(state.catalog, power)
  const ledger = faultyLedger(books, power)
  const hints = { bytes: 400, milliseconds: 3 }
  const delivery = new FolderDelivery({ objects, now: Date.now, hints, ledger })
  const stop = new AbortController()

  const work = async () => {
    await catalog.registerTables([catalogTable(things)])
    const format = new FormatLoop({
      raw,
      quarantine,
      isWaiting: (id) => kept.holds(id),
      ledger,
      delivery,
      route: router([things], Buffer.alloc(32)),
    })
    let landedPages = 0
    const land = new LandLoop({
      objects,
      catalog,
      quarantine,
      ledger,
      historyFiles: historyFiles([things]),
      log: { info: () => undefined, warn: () => undefined },
      now: Date.now,
      freshness: new FreshnessHistogram(),
      durablePages: () => format.durablePages,
      landed: async (pages) => {
        landedPages = pages
      },
    })
    const formatting = format.run(stop.signal)
    const landing = (async () => {
      /* A run whose signal has gone is one round, without the pause. */
      while (waiting.length > 0 || landedPages < raw.length) {
        await Promise.race([land.run(AbortSignal.abort()), formatting])
        await new Promise(setImmediate)
      }
    })()
    const capture = (async () => {
      for (let page = waiting[0]; page !== undefined; page = waiting[0]) {
        const one = page
        await power.call(() => raw.put([one]))
        waiting.shift()
      }
    })()
    await Promise.all([capture, landing])
    stop.abort()
    await formatting
  }

  const outcome = await Promise.race([
    work().then(() => 'done' as const),
    power.off.then(() => 'died' as const),
  ]).catch((error: unknown) => {
    if (!(error instanceof Injected) && !(error instanceof Error && error.cause instanceof Injected))
      throw error
    return 'died' as const
  })
  await power.end()
  stop.abort()
  await close()
  return outcome
}

async function quarantined(folder: string): Promise<readonly QuarantineEntry[]> {
  const quarantine = await FolderQuarantine.open(runFolder(folder), { mode: 'read' })
  const entries: QuarantineEntry[] = []
  for await (const entry of quarantine.list()) entries.push(entry)
  await quarantine.close()
  return entries
}

async function balanceIn(folder: string): Promise<Balance> {
  const { ledger, close } = await openStores(folder)
  await close()
  return ledger.balance({ contract: { name: 'w.things', version: 1 }, source: 'public.things' })
}

async function ask(sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await session.connection.runAndReadAll(sql)).getRowsJson()
}

const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.constantFrom('put', 'put', 'put', 'put', 'put', 'delete', 'truncate'),
  id: fc.integer({ min: 1, max: 5 }),
  n: fc.oneof({ weight: 5, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.constant(40_000) }),
})
const transactions = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), {
  minLength: 2,
  maxLength: 8,
  size: 'max',
})
const faults = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Fault>('ok') },
    { weight: 2, arbitrary: fc.constant<Fault>('slow') },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('reject', 'fail after', 'stop') },
  ),
  { minLength: 5, maxLength: 30, size: 'max' },
)

describe('the stages of a folder', () => {
  test(
    'G1 G3 G10 bring every change into history or quarantine and nothing twice into current, wherever they fail or stop',
    async () => {
      let deaths = 0
      await fc.assert(
        fc.asyncProperty(
          transactions,
          fc.array(faults, { minLength: 2, maxLength: 6, size: 'max' }),
          async (given, troubles) => {
            lives += 1
            const folder = join(root, 'lake', `run${lives}`)
            const { pages, rows, good, refused } = await play(given)
            const waiting = [...pages]
            for (const trouble of troubles) if ((await live(folder, trouble, waiting)) === 'died') deaths += 1
            expect(await live(folder, [], waiting)).toBe('done')

            const [entry] = await storedEntries(runFolder(folder))
            if (entry === undefined) throw new Error('no entry')
            const history = `(${historySelect(entry, folder)})`
            const positions = await ask(
              `SELECT DISTINCT _position FROM ${history} WHERE _op <> 'refused' ORDER BY 1`,
            )
            expect(positions.flat()).toEqual(good)
            const held = await quarantined(folder)
            expect(held.map(({ position }) => position).toSorted()).toEqual(refused)
            expect(new Set(held.map(({ id }) => id)).size).toBe(held.length)
            const current = await ask(
              `SELECT id::VARCHAR, n FROM (${currentSelect(entry, { history })}) ORDER BY id`,
            )
            expect(current).toEqual([...rows].map(([id, n]) => [String(id), n]).toSorted())
            expect(await new FolderObjects(folder).list('landing/')).toEqual([])
            expect(await auditFolder(runFolder(folder))).toEqual({ findings: [], more: 0 })
            const balance = await balanceIn(folder)
            expect(balance).toEqual({
              captured: good.length + refused.length,
              landed: good.length,
              quarantined: refused.length,
              filtered: 0,
              inFlight: 0,
              missing: 0,
              redriven: 0,
              balanced: true,
              capturedThrough: balance.landedThrough,
              landedThrough: pages.at(-1)?.lastPosition,
              loads: { rows: 0, landed: 0, quarantined: 0 },
            })
          },
        ),
        /* Each run is a second of a disk's life: a smaller case would not be found within the time. */
        { numRuns: runs(25), endOnFailure: true },
      )
      /* A part of the runs may meet none by chance. */
      if (isWhole()) expect(deaths).toBeGreaterThan(20)
    },
    within(90_000),
  )
})
