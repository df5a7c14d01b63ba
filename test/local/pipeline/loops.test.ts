import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { Delivery, QuarantineEntry } from '../../../core/ports/ports.ts'
import { loadPosition } from '../../../core/position.ts'
import { router } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { FormatLoop } from '../../../local/pipeline/format-loop.ts'
import { FreshnessHistogram } from '../../../local/pipeline/freshness.ts'
import { LandLoop } from '../../../local/pipeline/land-loop.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import { blockText } from '../../lake/small-lake.ts'
import { page } from '../../ports/raw-store.contract.ts'
import { freshCatalog } from '../../support/fresh-catalog.ts'
import { openStores } from '../../support/open-stores.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const things = table({
  name: 'a.t',
  version: 1,
  owner: 'tests',
  description: 'Things',
  source: { system: 'tests', table: 'a.t' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: { id: col.bigint('Key') },
})

async function parts() {
  const folder = await tempFolder()
  const { state, raw, ledger, close } = await openStores(folder)
  onTestFinished(close)
  const quarantine = await FolderQuarantine.in(state, Date.now)
  const isWaiting = (id: string) => quarantine.holds(id)
  return { folder, raw, quarantine, ledger, isWaiting }
}

async function entriesOf(quarantine: FolderQuarantine): Promise<readonly QuarantineEntry[]> {
  const entries: QuarantineEntry[] = []
  for await (const entry of quarantine.list()) entries.push(entry)
  return entries
}

/** A delivery whose puts the test ends by hand, in any order. */
class ManualDelivery implements Delivery {
  readonly maxBlockBytes = 1_000_000
  readonly ends: ((error?: Error) => void)[] = []

  put(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ends.push((error) => (error === undefined ? resolve() : reject(error)))
    })
  }
}

async function formatLoop() {
  const given = await parts()
  const delivery = new ManualDelivery()
  const route = router([things], Buffer.alloc(32))
  const open = () => new FormatLoop({ ...given, delivery, route })
  const stop = new AbortController()
  return { ...given, delivery, open, stop, loop: open() }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20))

/* As long as a machine takes that has much else to do. */
const PATIENCE = { timeout: 30_000 }

describe('the format loop', () => {
  test('G10 moves its checkpoint over what is durable without a gap, and goes on there after a restart', async () => {
    const { raw, delivery, loop, open, stop } = await formatLoop()
    for (const at of [1, 2, 3]) await raw.put([await page('a.t', at)])
    const running = loop.run(stop.signal)
    await vi.waitFor(() => expect(delivery.ends).toHaveLength(3), PATIENCE)
    delivery.ends[1]?.()
    await turn()
    expect(loop.durablePages).toBe(0)
    delivery.ends[0]?.()
    await vi.waitFor(() => expect(loop.durablePages).toBe(2), PATIENCE)
    expect(open().durablePages).toBe(2)
    delivery.ends[2]?.()
    stop.abort()
    await running
    expect(open().durablePages).toBe(3)
  })

  test('G1 ends with the failure of a delivery and leaves its page for the next start', async () => {
    const { raw, delivery, loop, open, stop } = await formatLoop()
    await raw.put([await page('a.t', 1)])
    const running = loop.run(stop.signal)
    const outcome = expect(running).rejects.toThrow('disk full')
    await vi.waitFor(() => expect(delivery.ends).toHaveLength(1), PATIENCE)
    delivery.ends[0]?.(new Error('disk full'))
    await outcome
    expect(open().durablePages).toBe(0)
  })

  test('G1 leaves its checkpoint where it is when the books cannot be written', async () => {
    const { raw, ledger, delivery, loop, open, stop } = await formatLoop()
    ledger.passTo = () => Promise.reject(new Error('disk full'))
    await raw.put([await page('a.t', 1)])
    const outcome = expect(loop.run(stop.signal)).rejects.toThrow('disk full')
    await vi.waitFor(() => expect(delivery.ends).toHaveLength(1), PATIENCE)
    delivery.ends[0]?.()
    await outcome
    expect(open().durablePages).toBe(0)
  })

  test('G1 refuses to go on when the raw store has fewer pages than were formatted', async () => {
    const { raw, ledger, open } = await formatLoop()
    await raw.put([await page('a.t', 1)])
    await ledger.passTo(2, [])
    expect(open).toThrow(expect.objectContaining({ code: 'raw/corrupt' }))
  })

  test('G1 puts every change of a table without contract into quarantine, once, however often it is formatted', async () => {
    const { raw, quarantine, delivery, open } = await formatLoop()
    await raw.put([await page('a.unknown', 1, 3)])
    for (let life = 0; life < 2; life += 1) {
      const loop = open()
      const running = loop.run(new AbortController().signal)
      const outcome = expect(running).rejects.toThrow('disk full')
      await vi.waitFor(() => expect(loop.formattedChanges).toBe(3), PATIENCE)
      /* So that the next life formats the page again. */
      delivery.ends[life]?.(new Error('disk full'))
      await outcome
    }
    const entries = await entriesOf(quarantine)
    expect(entries.map(({ reasons }) => reasons[0]?.code)).toEqual(
      Array.from({ length: 3 }, () => 'format/no-contract'),
    )
  })
})

describe('the land loop', () => {
  async function landLoop() {
    const { folder, quarantine, ledger } = await parts()
    const objects = new FolderObjects(folder)
    const catalog = await freshCatalog()
    await catalog.registerTables([catalogTable(things)])
    const freshness = new FreshnessHistogram()
    const landed: number[] = []
    const loop = new LandLoop({
      objects,
      catalog,
      quarantine,
      ledger,
      freshness,
      historyFiles: historyFiles([things]),
      log: { info: () => undefined, warn: () => undefined },
      now: () => 1_700_000_001_000,
      durablePages: () => 7,
      landed: async (pages) => {
        landed.push(pages)
      },
    })
    /* A run whose signal has gone is one round. */
    return {
      loop,
      objects,
      quarantine,
      ledger,
      freshness,
      landed,
      round: () => loop.run(AbortSignal.abort()),
    }
  }
  const good = (id: string, committedAt: number | null) =>
    promisify(gzip)(blockText(things, [['insert', loadPosition(1, 1n), 0, committedAt, null, null, id]]))

  test('lands what is there, then says how far the lake is', async () => {
    const { loop, objects, freshness, landed, round } = await landLoop()
    await objects.put('landing/changes/2024/01/02/03/a.ndjson.gz', await good('1', 1_700_000_000_000))
    await round()
    expect(await objects.list('')).toContain('lake/a/t_v1_history/ingest_date=2024-01-02/a.parquet')
    expect(await objects.list('landing/')).toEqual([])
    expect([loop.landedRows, landed, freshness.quantiles().p50]).toEqual([1, [7], expect.closeTo(1_000, -2)])
  })

  test('G1 keeps an object whose rows the books could not be told of', async () => {
    const { objects, ledger, landed, round } = await landLoop()
    const key = 'landing/changes/2024/01/02/03/a.ndjson.gz'
    await objects.put(key, await good('1', null))
    ledger.landed = () => Promise.reject(new Error('disk full'))
    await expect(round()).rejects.toThrow('disk full')
    expect([await objects.list('landing/'), landed]).toEqual([[key], []])
  })

  test('G1 sets an object that it cannot read aside, whole and once, and lands its neighbours', async () => {
    const { objects, quarantine, round } = await landLoop()
    const bad: Readonly<Record<string, Buffer>> = {
      'b-no-gzip': Buffer.from('not gzip'),
      'c-cut': (await good('1', null)).subarray(0, -4),
      'd-unknown': await promisify(gzip)(blockText({ ...things, name: 'a.unknown' }, [])),
      'e-no-header': await promisify(gzip)('["insert"]\n'),
    }
    const keyOf = (name: string) => `landing/changes/2024/01/02/03/${name}.ndjson.gz`
    for (const [name, bytes] of Object.entries(bad)) await objects.put(keyOf(name), bytes)
    await objects.put(keyOf('a'), await good('1', null))
    await objects.put(keyOf('z'), await good('2', null))
    await round()
    /* As after a crash before the object was deleted. */
    await objects.put(keyOf('b-no-gzip'), bad['b-no-gzip'] ?? Buffer.alloc(0))
    await round()
    expect((await objects.list('lake/')).map((key) => key.slice(-9))).toEqual(['a.parquet', 'z.parquet'])
    const aside = Object.keys(bad).map((name) => keyOf(name).replace('changes', 'rejected'))
    expect(await objects.list('landing/')).toEqual(aside)
    expect(await objects.get(aside[0] ?? '')).toEqual(bad['b-no-gzip'])
    const entries = await entriesOf(quarantine)
    expect(entries.map(({ stage, reasons, payload }) => [stage, reasons[0]?.code, payload])).toEqual(
      aside.map((object) => ['landing', 'landing/corrupt', JSON.stringify({ object })]),
    )
  })
})
