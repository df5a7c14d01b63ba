import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Base, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../../core/position.ts'
import { ScratchLake } from '../../../engine/reconcile/lake/scratch-lake.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const at = (lsn: number) => loadPosition(0, BigInt(lsn))
const items = { name: 'shop.items', version: 1 }

function entryOf(base: Base | null): CatalogEntry {
  const location = 'lake/shop/items_v1_history'
  const table = {
    ...items,
    description: '',
    owner: '',
    source: 'public.items',
    primaryKey: ['id'],
    columns: [],
    basePartitions: [],
    location,
    baseLocation: 'lake/shop/items_v1_base',
  }
  return { table, partitions: ['2026-01-02'], floors: [], revisions: [], base }
}

function baseOf(build: number, lsn: number, historyFrom: string | null = null): Base {
  const files = [{ key: `lake/shop/items_v1_base/00000${build}-0.parquet`, rows: 1, bytes: 1 }]
  const open = { openSince: '2026-01-01', folded: [], tombstones: [] }
  return { build, rows: 1, position: at(lsn), historyFrom, ...open, parts: [{ values: {}, files }] }
}

const history = [
  'lake/shop/items_v1_history/ingest_date=2026-01-02/a.parquet',
  'lake/shop/items_v1_history/ingest_date=2026-01-02/b.parquet',
]

/* A bucket with two files of a shown day, one of a day that is not, and others that are none of the table's. */
async function lakeWith(entry: () => CatalogEntry, isThere: (key: string) => boolean = () => true) {
  const folder = await tempFolder()
  const read: string[] = []
  const others = ['ingest_date=2026-01-01/c.parquet', 'ingest_date=2026-01-02/x/d.parquet', 'note.txt']
  const lake = new ScratchLake({
    entry: async () => entry(),
    objects: { list: async () => [...history, ...others.map((key) => `lake/shop/items_v1_history/${key}`)] },
    files: {
      read: async (key) => {
        read.push(key)
        if (!isThere(key)) throw new PipelineError('objects/missing', key)
        const path = join(folder, `copy-${read.length}`)
        await writeFile(path, key)
        return path
      },
      close: async () => undefined,
    },
    folder: join(folder, 'lake'),
  })
  const keys = () => new FolderObjects(join(folder, 'lake')).list('lake/')
  return { lake, read, keys }
}

test('the files of readers are copied, each once, and those of another table are gone', async () => {
  const { lake, read, keys } = await lakeWith(() => entryOf(baseOf(1, 10)))
  await lake.open(items, at(20))
  const { entry } = await lake.open(items, at(20))
  expect(entry.base?.build).toBe(1)
  expect(await keys()).toEqual(['lake/shop/items_v1_base/000001-0.parquet', ...history])
  expect(read).toHaveLength(3)
  await lake.open({ ...items, version: 2 }, at(20))
  expect(read).toHaveLength(6)
  await lake.release()
  expect(await keys()).toEqual([])
})

test('a shown day that has no file is left out: an engine would look for one', async () => {
  const given = { ...entryOf(null), partitions: ['2026-01-02', '2026-01-03'] }
  const { lake } = await lakeWith(() => given)
  expect((await lake.open(items, at(20))).entry.partitions).toEqual(['2026-01-02'])
})

test('G2 a base from after the position does not stand for history: the one from before it does', async () => {
  const { lake, keys } = await lakeWith(() => entryOf(baseOf(2, 30, at(5))))
  lake.hold([entryOf(baseOf(1, 10))])
  expect((await lake.open(items, at(20))).entry.base?.build).toBe(1)
  expect(await keys()).toContain('lake/shop/items_v1_base/000001-0.parquet')
})

test('G2 without one from before it, history answers where it is whole, and nothing where it is not', async () => {
  const whole = await lakeWith(() => entryOf(baseOf(2, 30)))
  expect((await whole.lake.open(items, at(20))).entry.base?.build).toBe(2)
  const dropped = await lakeWith(() => entryOf(baseOf(2, 30, at(5))))
  await expect(dropped.lake.open(items, at(20))).rejects.toMatchObject({ code: 'lake/conflict' })
  dropped.lake.hold([entryOf(null)])
  await expect(dropped.lake.open(items, at(20))).rejects.toMatchObject({ code: 'lake/conflict' })
})

test('G2 what was dropped below the floor of the position is not missed', async () => {
  const floored = { ...entryOf(baseOf(2, 30, at(5))), floors: [{ position: at(8), reason: 'load' as const }] }
  const { lake } = await lakeWith(() => floored)
  expect((await lake.open(items, at(20))).entry).toEqual(floored)
  await expect(lake.open(items, at(7))).rejects.toMatchObject({ code: 'lake/conflict' })
})

test('nothing is copied any more when the time is over', async () => {
  const over = new AbortController()
  const { lake, read } = await lakeWith(() => entryOf(baseOf(1, 10)))
  over.abort(new Error('over'))
  await expect(lake.open(items, at(20), over.signal)).rejects.toThrow('over')
  expect(read).toEqual([])
})

test('files that a compaction takes away are looked for anew, a bounded number of times', async () => {
  const { lake, read } = await lakeWith(
    () => entryOf(baseOf(2, 30)),
    (key) => !key.includes('000001'),
  )
  lake.hold([entryOf(baseOf(1, 10))])
  expect((await lake.open(items, at(20))).entry.base?.build).toBe(2)
  expect(read.filter((key) => key.includes('000001'))).toHaveLength(1)
  const lost = await lakeWith(
    () => entryOf(baseOf(1, 10)),
    (key) => !key.includes('000001'),
  )
  await expect(lost.lake.open(items, at(20))).rejects.toMatchObject({ code: 'objects/missing' })
  expect(lost.read.filter((key) => key.includes('000001'))).toHaveLength(4)
})
