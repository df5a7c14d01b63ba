import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LakeRow } from '../../../core/block.ts'
import type { CatalogEntry } from '../../../core/catalog-entry.ts'
import { col, table } from '../../../core/contract/index.ts'
import { currentSelect, incompleteSelect } from '../../../lake/sql/current-select.ts'
import { DuckEngine } from '../../../local/duckdb/duck-engine.ts'
import { LakeSession } from '../../../local/duckdb/lake-session.ts'
import { sourcesOf } from '../sql/lake-with-base.ts'
import { type CompactionLake, compactionLake, NOW } from './compaction-lake.ts'

const parcels = table({
  name: 'post.parcels',
  version: 1,
  owner: 'tests',
  description: 'Parcels, some of their columns too large to be sent with each update',
  source: { system: 'tests', table: 'public.parcels' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  partitionBy: { place: { bucket: 4 } },
  columns: {
    id: col.integer('Key'),
    place: col.string('Where it lies'),
    n: col.integer('A small value', { nullable: true }),
    note: col.string('A large text', { nullable: true }),
  },
})

const DAY = 86_400_000
let root: string
let sql: DuckEngine
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-held-back-'))
  sql = await DuckEngine.open({ temporary: join(root, 'spill') })
})

afterAll(async () => {
  sql.close()
  await rm(root, { recursive: true, force: true })
})

type Values = readonly [place: string | null, n: number | null, note: string | null]

const at = (place: number, step = 0) => `0001-${String(place).padStart(16, '0')}-000000000${step}`
const insert = (place: number, id: number, values: Values): LakeRow => [
  ...(['insert', at(place), 0, 0, null, null, id] as const),
  ...values,
]
const update = (place: number, id: number, absent: readonly string[], values: Values): LakeRow => [
  ...(['update', at(place), 0, 0, absent, null, id] as const),
  ...values,
]

const refused = (place: number, id: number, step = 0): LakeRow => [
  ...(['refused', at(place, step), 0, 0, null, null, id] as const),
  ...([null, null, null] as const),
]
const redriven = (row: LakeRow): LakeRow => {
  const [operation, position, , ...rest] = row
  return [operation, position, 1, ...rest]
}

async function newLake(): Promise<CompactionLake> {
  lakes += 1
  return compactionLake(join(root, `lake-${lakes}`), parcels, sql)
}

interface Seen {
  readonly shown: readonly unknown[]
  readonly heldBack: readonly unknown[]
}

/* What readers see, and what is held back from them, as the engine and a session of a user have it. */
async function seen(lake: CompactionLake): Promise<Seen> {
  const entry = await lake.entry()
  const folder = dirname(lake.objects.path('lake'))
  const session = await LakeSession.open({ folder, entries: [entry] })
  const shown: unknown[] = []
  const { batches } = await session.query('SELECT id, place, n, note FROM post.parcels ORDER BY id')
  for await (const rows of batches) shown.push(...rows)
  session.close()
  return { shown, heldBack: await heldBackIn(entry, folder) }
}

function heldBackIn(entry: CatalogEntry, folder: string): Promise<readonly unknown[]> {
  const select = incompleteSelect(entry, sourcesOf(entry, folder))
  return sql.rows(`SELECT id, _position, list_sort(_lacking) FROM (${select}) ORDER BY id`)
}

describe('a row of which no change in the lake has every value', () => {
  test('G2 G4 is held back, through builds of base and retention of history, until the change comes that has them', async () => {
    const lake = await newLake()
    await lake.land(
      parcels,
      [update(20, 1, ['place', 'note'], [null, 5, null]), insert(21, 2, ['b', 1, 'whole'])],
      '2024-01-01',
    )
    const whole = [2, 'b', 1, 'whole']
    const lacking = { shown: [whole], heldBack: [[1, at(20), ['note', 'place']]] }
    expect(await seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await seen(lake)).toEqual(lacking)

    /* One of the two values comes, and what base knows stays known. */
    await lake.land(parcels, [update(30, 1, ['n', 'note'], ['a', null, null])], '2024-01-02')
    const half = { shown: [whole], heldBack: [[1, at(30), ['note']]] }
    expect(await seen(lake)).toEqual(half)
    await lake.compact()
    expect(await seen(lake)).toEqual(half)
    await lake.land(parcels, [update(31, 2, ['note'], ['b', 2, null])], '2024-01-12')
    const later = { now: () => NOW + 10 * DAY }
    await lake.compact({}, later)
    expect(await lake.compact({ keepHistoryDays: 1 }, later)).toMatchObject({
      droppedDays: ['2024-01-01', '2024-01-02'],
    })
    expect(await seen(lake)).toEqual({ ...half, shown: [[2, 'b', 2, 'whole']] })

    await lake.land(parcels, [insert(10, 1, ['z', 0, 'late'])], '2024-01-12')
    const all = {
      shown: [
        [1, 'a', 5, 'late'],
        [2, 'b', 2, 'whole'],
      ],
      heldBack: [],
    }
    expect(await seen(lake)).toEqual(all)
    await lake.compact({}, later)
    expect(await seen(lake)).toEqual(all)
    expect(await lake.baseRows()).toHaveLength(2)
  })

  test('G2 is held back under a later key, and comes back whole with the row of the old key', async () => {
    const lake = await newLake()
    const moved: LakeRow[] = [
      ['delete', at(20), 0, 0, null, null, 1, null, null, null],
      ['insert', at(20, 1), 0, 0, ['note'], null, 2, 'a', 5, null],
    ]
    await lake.land(parcels, moved)
    const lacking = { shown: [], heldBack: [[2, at(20, 1), ['note']]] }
    expect(await seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await seen(lake)).toEqual(lacking)
    await lake.land(parcels, [insert(10, 1, ['z', 0, 'late'])])
    expect(await seen(lake)).toEqual({ shown: [[2, 'a', 5, 'late']], heldBack: [] })
    await lake.compact()
    expect(await seen(lake)).toEqual({ shown: [[2, 'a', 5, 'late']], heldBack: [] })
  })

  test('G2 is gone when its key is deleted, and whole when a row comes that brings every value', async () => {
    const lake = await newLake()
    await lake.land(parcels, [
      update(20, 1, ['note'], ['a', 1, null]),
      update(21, 2, ['note'], ['a', 2, null]),
    ])
    await lake.compact()
    await lake.land(parcels, [
      ['delete', at(30), 0, 0, null, null, 1, null, null, null],
      update(31, 2, ['n'], ['a', null, null]),
    ])
    const now = { shown: [[2, 'a', 2, null]], heldBack: [] }
    expect(await seen(lake)).toEqual(now)
    await lake.compact()
    expect(await seen(lake)).toEqual(now)
  })
})

describe('a value from before a refused change', () => {
  const old = [1, 'a', 1, 'old']
  const newest: Values = ['a', 3, null]

  test('G2 is not shown beside later values, through builds of base and retention, until the change is redriven', async () => {
    const lake = await newLake()
    await lake.land(parcels, [insert(10, 1, ['a', 1, 'old']), refused(20, 1)], '2024-01-01')
    /* The newest change waits: the row before it is shown as it was. */
    expect(await seen(lake)).toEqual({ shown: [old], heldBack: [] })
    await lake.compact()
    expect(await seen(lake)).toEqual({ shown: [old], heldBack: [] })
    await lake.land(parcels, [update(30, 1, ['note'], newest)], '2024-01-02')
    const lacking = { shown: [], heldBack: [[1, at(30), ['note']]] }
    expect(await seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await seen(lake)).toEqual(lacking)
    expect(await asOf(lake, at(25))).toEqual([old])
    expect(await asOf(lake, at(30))).toEqual([])

    await lake.land(parcels, [insert(40, 2, ['b', 2, ''])], '2024-01-12')
    const later = { now: () => NOW + 10 * DAY }
    await lake.compact({}, later)
    expect(await lake.compact({ keepHistoryDays: 1 }, later)).toMatchObject({
      droppedDays: ['2024-01-01', '2024-01-02'],
    })
    const other = [2, 'b', 2, '']
    expect(await seen(lake)).toEqual({ ...lacking, shown: [other] })
    /* A row from before the refused change has a value of before, too. */
    await lake.land(parcels, [insert(5, 1, ['z', 0, 'late'])], '2024-01-12')
    expect(await seen(lake)).toEqual({ ...lacking, shown: [other] })
    await lake.compact({}, later)
    expect(await seen(lake)).toEqual({ ...lacking, shown: [other] })

    await lake.land(parcels, [redriven(update(20, 1, ['n'], ['c', null, 'new']))], '2024-01-12')
    await lake.catalog.publishRevision(parcels.name, 1, 1)
    const whole = { shown: [[1, 'a', 3, 'new'], other], heldBack: [] }
    expect(await seen(lake)).toEqual(whole)
    await lake.compact({}, later)
    expect(await seen(lake)).toEqual(whole)
  })

  test('G2 is not shown under a key that a refused change gave the row, nor where a refused insert followed it', async () => {
    const lake = await newLake()
    await lake.land(parcels, [insert(10, 1, ['a', 1, 'one']), insert(11, 2, ['b', 2, 'two'])])
    await lake.compact()
    /* Key 1 became 3 and key 2 became 1, both refused; then an update of each, and 3 became 4. */
    await lake.land(parcels, [refused(20, 3, 1), refused(21, 1, 1), update(30, 1, ['note'], ['b', 5, null])])
    await lake.land(parcels, [
      ['delete', at(31), 0, 0, null, null, 3, null, null, null],
      ['insert', at(31, 1), 0, 0, ['note'], null, 4, 'a', 6, null],
    ])
    const held = {
      shown: [[2, 'b', 2, 'two']],
      heldBack: [
        [1, at(30), ['note']],
        [4, at(31, 1), ['note']],
      ],
    }
    expect(await seen(lake)).toEqual(held)
    await lake.compact()
    expect(await seen(lake)).toEqual(held)
    await lake.land(parcels, [
      ['delete', at(20), 1, 0, null, null, 1, null, null, null],
      redriven(['insert', at(20, 1), 1, 0, ['note'], null, 3, 'a', 2, null]),
    ])
    await lake.catalog.publishRevision(parcels.name, 1, 1)
    const half = {
      shown: [
        [2, 'b', 2, 'two'],
        [4, 'a', 6, 'one'],
      ],
      heldBack: [[1, at(30), ['note']]],
    }
    expect(await seen(lake)).toEqual(half)
    await lake.compact()
    expect(await seen(lake)).toEqual(half)
    expect(await marks(lake)).toEqual([[1, at(21, 1)]])
  })

  test('is marked for as long as somebody may look for it', async () => {
    const lake = await newLake()
    await lake.land(parcels, [insert(10, 1, ['a', 1, 'old']), refused(20, 1), refused(21, 1), refused(22, 2)])
    await lake.compact()
    expect(await marks(lake)).toEqual([
      [1, at(20)],
      [1, at(21)],
      [2, at(22)],
    ])
    await lake.land(parcels, [update(30, 1, [], ['a', 1, 'whole']), insert(31, 3, ['c', 1, 'n'])])
    await lake.compact()
    expect(await marks(lake)).toEqual([[2, at(22)]])
    expect(await lake.baseRows()).toHaveLength(2)
  })

  async function asOf(lake: CompactionLake, position: string): Promise<readonly unknown[]> {
    const entry = await lake.entry()
    const select = currentSelect(entry, sourcesOf(entry, dirname(lake.objects.path('lake'))), {
      asOf: position,
    })
    return sql.rows(`SELECT id, place, n, note FROM (${select}) ORDER BY id`)
  }

  async function marks(lake: CompactionLake): Promise<readonly unknown[]> {
    const entry = await lake.entry()
    const { tombstones } = sourcesOf(entry, dirname(lake.objects.path('lake')))
    return sql.rows(`SELECT id, _position FROM ${tombstones} WHERE _op = 'refused' ORDER BY id, _position`)
  }
})
