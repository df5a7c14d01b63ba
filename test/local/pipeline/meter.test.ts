import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firehoseBytes, streamBytes } from '../../../cost/units.ts'
import { totalOf } from '../../../cost/volume.ts'
import { readJsonFile } from '../../../local/documents/json-file.ts'
import { Meter, meterFile } from '../../../local/pipeline/meter.ts'
import { Pipeline } from '../../../local/pipeline/pipeline.ts'
import { meteredVolume } from '../../../local/run/status/metered-volume.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { StateFile } from '../../../local/state/state-file.ts'
import { shopsV1 } from '../../../schemas/workforce/shops/v1.ts'
import { dmsRecord, shopRow } from '../../handlers/shop-records.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const log = { info: () => undefined, warn: () => undefined }

function records(from: number, to: number) {
  return Array.from({ length: to - from }, (_, index) => ({
    sequence: String(from + index),
    partitionKey: `workforce.shops.${from + index}`,
    data: Buffer.from(dmsRecord('insert', from + index, shopRow(from + index, 'Tidewater'))),
  }))
}

/* Everything that a pipeline does with some records, metered for `seconds` by its clock. */
async function run(dir: string, some: ReturnType<typeof records>, seconds: number): Promise<void> {
  let now = Date.UTC(2026, 10, 23, 10)
  const hints = { bytes: 1 << 20, milliseconds: 5 }
  let done: () => void = () => undefined
  const queryable = new Promise<void>((resolve) => {
    done = resolve
  })
  const folder = runFolder(dir)
  const pipeline = await Pipeline.open({
    folder,
    state: await StateFile.open(folder),
    tables: [shopsV1],
    hints,
    log,
    now: () => now,
    landed: async (pages) => {
      if (pages > before && pages === pipeline.raw.length) done()
    },
  })
  const before = pipeline.raw.length
  pipeline.start()
  pipeline.meter.start()
  await pipeline.capture(some, { epoch: 1, loadPositionOf: () => undefined })
  await Promise.race([queryable, pipeline.failed])
  now += seconds * 1_000
  await pipeline.stop()
}

test('a run meters what it moves, goes on where it was left, and is no run before it has moved anything', async () => {
  const dir = await tempFolder()
  await expect(meteredVolume(dir)).rejects.toMatchObject({ code: 'run/not-found' })
  const [first, second] = [records(1, 41), records(41, 51)]
  await run(dir, first, 20)
  const once = totalOf(await meteredVolume(dir))
  const sizes = first.map(({ data, partitionKey }) => data.length + Buffer.byteLength(partitionKey))
  expect(once).toMatchObject({
    changes: 40,
    recordBytes: sizes.reduce((sum, size) => sum + size, 0),
    streamBytes: sizes.reduce((sum, size) => sum + streamBytes(size), 0),
    pages: 1,
    items: 1,
    blocks: 1,
    refused: 0,
  })
  expect(once.firehoseBytes).toBe(firehoseBytes(once.blockBytes))
  expect(once.objectBytes).toBeGreaterThan(0)
  expect(once.objectBytes).toBeLessThan(once.blockBytes)
  expect(once.historyBytes).toBeGreaterThan(0)

  await run(dir, second, 10)
  const { seconds, tables } = await meteredVolume(dir)
  expect(seconds).toBe(30)
  expect(tables['workforce.shops']).toMatchObject({ changes: 50, pages: 2, blocks: 2 })
})

test('records of Firehose are billed whole, and tables share them by bytes', async () => {
  const dir = await tempFolder()
  const two = { ...shopsV1, name: 'w.things', source: { ...shopsV1.source, table: 'public.things' } }
  const tables = () => [shopsV1, two]
  let number = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ isTwo: fc.boolean(), size: fc.integer({ min: 1, max: 700_000 }) }), {
        minLength: 1,
        maxLength: 8,
      }),
      async (given) => {
        number += 1
        const path = `${dir}/${number}.json`
        const meter = await Meter.open(path, { tables, now: () => 0 })
        const blocks = given.map(({ isTwo, size }) => ({
          table: isTwo ? 'w.things' : shopsV1.name,
          version: 1,
          rows: 1,
          text: Buffer.alloc(size),
        }))
        meter.delivered(blocks, 1_000)
        await meter.stop()
        const metered = (await readJsonFile(path, meterFile))?.tables ?? {}
        const total = totalOf({ seconds: 1, tables: metered })
        /* Greedy, in order, by hand. */
        let [billed, held] = [0, 0]
        for (const { size } of given) {
          if (held > 0 && held + size > 1_024_000) {
            billed += firehoseBytes(held)
            held = 0
          }
          held += size
        }
        expect(total.firehoseBytes).toBeCloseTo(billed + firehoseBytes(held), 3)
        expect(total.objectBytes).toBeCloseTo(1_000, 6)
        expect(total.blocks).toBe(given.length)
        expect(Object.keys(metered).every((table) => table.includes('.'))).toBe(true)
      },
    ),
    { numRuns: 20 },
  )
})
