import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ObjectDocuments } from '../../../aws/s3/object-documents.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { rebuildCatalog } from '../../../local/recovery/rebuild-catalog.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import type { CompactionLake } from '../../lake/compaction/compaction-lake.ts'
import { at, insert, later, ParcelsFixture, parcels } from '../../lake/compaction/parcels-fixture.ts'

let lab: ParcelsFixture
let engine: DuckEngine
let spill: string

beforeAll(async () => {
  lab = await ParcelsFixture.open()
  spill = await mkdtemp(join(tmpdir(), 'tidemark-rebuilt-'))
  engine = await DuckEngine.open({ temporary: spill })
})

afterAll(async () => {
  engine.close()
  await lab.close()
  await rm(spill, { recursive: true, force: true })
})

const truncate: LakeRow = ['truncate', at(20), 0, 0, null, null, null, null, null, null]

/* Two days of history are gone, a truncate among them. */
async function shortened(after: readonly LakeRow[]): Promise<CompactionLake> {
  const lake = await lab.newLake()
  await lake.land(parcels, [insert(10, 1, ['a', 1, 'one']), insert(11, 2, ['b', 2, 'two'])], '2024-01-01')
  await lake.land(parcels, [truncate], '2024-01-02')
  if (after.length > 0) await lake.land(parcels, after, '2024-01-12')
  await lake.compact({}, later)
  expect(await lake.compact({ keepHistoryDays: 1, graceMs: 0 }, later)).toMatchObject({
    droppedDays: ['2024-01-01', '2024-01-02'],
  })
  return lake
}

test.each([
  ['beside rows that came later', [insert(30, 2, ['b', 3, 'new'])]],
  ['and no row at all', []],
])(
  'G2 a catalog made again does not bring back what a truncate took whose day was dropped, %s',
  async (_what, after) => {
    const lake = await shortened(after)
    const [seen, before] = [await lab.seen(lake), await lake.entry()]
    const root = dirname(lake.objects.path('lake'))
    const [made] = await rebuildCatalog(runFolder(root), {
      tables: [parcels],
      engine,
      documents: new ObjectDocuments(lake.objects),
    })
    expect(made?.floors).toEqual(before.floors)
    expect(made?.partitions).toEqual(before.partitions)
    /* Never less than what is gone, so that no state of before is put together from the rest. */
    expect(made?.base?.historyFrom ?? '').toBe(before.base?.historyFrom)
    await lake.catalog.restore(made === undefined ? [] : [made])
    expect(await lab.seen(lake)).toEqual(seen)
    await lake.land(parcels, [insert(15, 1, ['a', 1, 'late'])], '2024-01-12')
    expect(await lab.seen(lake)).toEqual(seen)
    await lake.compact({}, later)
    expect(await lab.seen(lake)).toEqual(seen)
  },
)
