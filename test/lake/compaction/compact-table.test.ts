import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import type { Base } from '../../../core/ports/catalog-entry.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { filesOf } from '../../../lake/compaction/plan/retire-files.ts'
import { planCompaction } from '../../../lake/compaction/plan-compaction.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { type CompactionLake, compactionLake, NOW } from './compaction-lake.ts'

const visits: Table = table({
  name: 'c.visits',
  version: 1,
  owner: 'tests',
  description: 'Visits, a partition for each day',
  source: { system: 'tests', table: 'public.visits' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  partitionBy: { on: 'day' },
  columns: {
    id: col.bigint('Key'),
    on: col.date('Day'),
    note: col.string('A note', { nullable: true }),
  },
})

const MINUTE = 60_000
let sql: DuckEngine
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidemark-compaction-'))
  sql = await DuckEngine.open({ temporary: scratch })
})

afterAll(async () => {
  sql.close()
  await rm(scratch, { recursive: true, force: true })
})

const lakeOf = async (): Promise<CompactionLake> => compactionLake(await tempFolder(), visits, sql)

function at(place: number, step = 0): string {
  return `0001-${String(place).padStart(16, '0')}-00000000${1}${step}`
}

function row(op: 'insert' | 'update', place: number, id: number, on: string, note: string | null): LakeRow {
  return [op, at(place), 0, 0, null, null, String(id), on, note]
}

function gone(place: number, id: number): LakeRow {
  return ['delete', at(place), 0, 0, null, null, String(id), null, null]
}

async function baseOf(lake: CompactionLake): Promise<Base> {
  const { base } = await lake.entry()
  if (base === null) throw new Error('no base')
  return base
}

function filesOfDay({ parts }: Base, day: string): readonly string[] {
  return parts.flatMap(({ values, files }) => (values['on_day'] === day ? files.map(({ key }) => key) : []))
}

async function expectEqual(lake: CompactionLake): Promise<void> {
  expect(await lake.baseRows()).toEqual(await lake.foldedRows())
  expect(await lake.tombstones()).toEqual(await lake.deletedKeys())
}

/** Three days with two visits each. */
async function threeDays(): Promise<CompactionLake> {
  const lake = await lakeOf()
  const days = ['2024-01-05', '2024-01-06', '2024-01-07']
  const rows = days.flatMap((day, index) => [
    row('insert', index * 2 + 1, 9 - index * 2, day, 'a'),
    row('insert', index * 2 + 2, 8 - index * 2, day, 'b'),
  ])
  await lake.land(visits, rows, '2024-01-02')
  await lake.compact()
  return lake
}

describe('a base', () => {
  test('lies in Zstd files with statistics, below the folder of its partition, sorted by key', async () => {
    const lake = await threeDays()
    const base = await baseOf(lake)
    expect(base).toMatchObject({ build: 1, position: at(6), openSince: '2024-01-01', rows: 6 })
    for (const { values, files } of base.parts)
      for (const { key, rows, bytes } of files) {
        expect(key).toMatch(
          new RegExp(`^lake/c/visits_v1_base/on_day=${values['on_day']}/000001-[0-9a-f]{8}/\\d+\\.parquet$`),
        )
        const content = await readFile(lake.objects.path(key))
        expect(content.length).toBe(bytes)
        const { row_groups, num_rows } = parquetMetadata(new Uint8Array(content).buffer)
        expect(Number(num_rows)).toBe(rows)
        const columns = row_groups.flatMap((group) => group.columns.map(({ meta_data }) => meta_data))
        expect(columns.map((column) => column?.codec)).toEqual(columns.map(() => 'ZSTD'))
        const id = columns.find((column) => column?.path_in_schema[0] === 'id')
        expect(id?.statistics?.min_value).toBeTypeOf('bigint')
        const ids = await sql.rows(
          `SELECT id FROM read_parquet('${lake.objects.path(key)}', file_row_number = true) ORDER BY file_row_number`,
        )
        const found = ids.map(([value]) => Number(value))
        expect(found).toEqual(found.toSorted((a, b) => a - b))
      }
    await expectEqual(lake)
  })

  test('a large partition is divided into files of the target size, each sorted, no row lost', async () => {
    const lake = await lakeOf()
    const text = (id: number) =>
      Array.from({ length: 60 }, (_, n) => ((id * 7919 + n * 104729) ** 2).toString(36)).join('')
    const rows = Array.from({ length: 6000 }, (_, id) => row('insert', id + 1, id, '2024-01-05', text(id)))
    await lake.land(visits, rows, '2024-01-02')
    await lake.compact({ fileBytes: 200_000 })
    const files = (await baseOf(lake)).parts.flatMap((part) => part.files)
    expect(files.length).toBeGreaterThan(1)
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(6000)
    await expectEqual(lake)
  })

  test('G3 keeps the files of untouched partitions by reference', async () => {
    const lake = await threeDays()
    const before = await baseOf(lake)
    await lake.land(visits, [row('update', 10, 9, '2024-01-06', 'moved')], '2024-01-02')
    const result = await lake.compact()
    const after = await baseOf(lake)
    expect(result).toMatchObject({
      state: 'published',
      build: 2,
      touched: 1,
      live: 1,
      partsWritten: 2,
      partsCarried: 1,
    })
    expect(filesOfDay(after, '2024-01-07')).toEqual(filesOfDay(before, '2024-01-07'))
    expect(filesOfDay(after, '2024-01-05')).not.toEqual(filesOfDay(before, '2024-01-05'))
    await expectEqual(lake)
  })

  test('a partition that loses its last row goes', async () => {
    const lake = await threeDays()
    await lake.land(visits, [gone(10, 9), gone(11, 8)], '2024-01-02')
    await lake.compact()
    const base = await baseOf(lake)
    expect(filesOfDay(base, '2024-01-05')).toEqual([])
    expect(base).toMatchObject({ rows: 4, tombstones: [{ rows: 2 }] })
    await expectEqual(lake)
  })

  test('G2 a tombstone keeps an older row that arrives late from coming to life, until a floor passes it', async () => {
    const lake = await threeDays()
    await lake.land(visits, [gone(10, 9)], '2024-01-02')
    await lake.compact()
    await lake.land(visits, [row('update', 9, 9, '2024-01-05', 'late')], '2024-01-02')
    await lake.compact()
    expect(await baseOf(lake)).toMatchObject({ rows: 5 })
    await expectEqual(lake)
    await lake.catalog.addFloor('public.visits', { position: at(11), reason: 'load' })
    await lake.compact()
    expect(await baseOf(lake)).toMatchObject({ rows: 0, parts: [], tombstones: [] })
    await expectEqual(lake)
  })

  test('G4 a late row heals the row of another key, into which its key was changed builds ago', async () => {
    const lake = await lakeOf()
    const change: readonly LakeRow[] = [
      gone(5, 1),
      ['insert', at(5, 1), 0, 0, ['note'], null, '2', '2024-01-05', null],
      gone(6, 2),
      ['insert', at(6, 1), 0, 0, ['note'], null, '3', '2024-01-06', null],
    ]
    await lake.land(visits, change, '2024-01-02')
    await lake.compact()
    await lake.land(visits, [row('insert', 8, 4, '2024-01-07', 'other')], '2024-01-02')
    await lake.compact()
    await lake.land(visits, [row('insert', 1, 1, '2024-01-05', 'found')], '2024-01-02')
    const { partsCarried } = await lake.compact()
    expect(partsCarried).toBe(1)
    expect((await lake.baseRows()).filter((text) => text.includes('found'))).toHaveLength(1)
    await expectEqual(lake)
  })

  test('an update without its large value takes it from the base row', async () => {
    const lake = await threeDays()
    const update: LakeRow = ['update', at(10), 0, 0, ['note'], null, '9', '2024-01-05', null]
    await lake.land(visits, [update], '2024-01-02')
    await lake.compact()
    await expectEqual(lake)
  })

  test('G8 a file with rows of a replay that runs waits, and its day stays open', async () => {
    const lake = await threeDays()
    const read = (revision: number): LakeRow => [
      'insert',
      at(1),
      revision,
      0,
      null,
      null,
      '9',
      '2024-01-05',
      'again',
    ]
    await lake.land(visits, [read(1)], '2024-01-02')
    expect(await lake.compact()).toMatchObject({ state: 'nothing new' })
    const later = { now: () => NOW + 5 * 86_400_000 }
    await lake.land(visits, [row('insert', 20, 20, '2024-01-05', 'new')], '2024-01-06')
    await lake.compact({}, later)
    expect(await baseOf(lake)).toMatchObject({ openSince: '2024-01-02' })
    await lake.catalog.publishRevision('c.visits', 1, 1)
    await lake.compact({}, later)
    expect(await baseOf(lake)).toMatchObject({ openSince: '2024-01-06' })
    await expectEqual(lake)
  })

  test('nothing is done when nothing is new', async () => {
    const lake = await threeDays()
    expect(await lake.compact()).toMatchObject({ state: 'nothing new', build: 1, rows: 6 })
  })

  test('G9 one thread with little memory folds more rows than it can hold', async () => {
    const root = await tempFolder()
    const small = await DuckEngine.open({ temporary: join(root, 'spill'), memory: '80MB' })
    try {
      const lake = await compactionLake(root, visits, small)
      const rows = Array.from({ length: 40 }, (_, id) => row('insert', id + 1, id, '2024-01-05', 'x'))
      await lake.land(visits, rows, '2024-01-02')
      const [file = ''] = await lake.objects.list('lake/c/visits_v1_history/')
      await small.run(`COPY (SELECT * REPLACE (id * 20000 + n AS id, ("on" + (n % 30)::INTEGER) AS "on",
          repeat(md5(n::VARCHAR), 6) AS note)
        FROM read_parquet('${lake.objects.path(file)}'), range(8000) t(n))
        TO '${lake.objects.path(file.replace('.parquet', 'x.parquet'))}' (FORMAT parquet)`)
      expect(await lake.compact()).toMatchObject({
        state: 'published',
        touched: 320_000,
        partsWritten: 30,
      })
    } finally {
      small.close()
    }
  })
})

describe('a plan', () => {
  test('says what a compaction would touch, and changes nothing', async () => {
    const lake = await threeDays()
    await lake.land(visits, [row('update', 10, 9, '2024-01-06', 'moved')], '2024-01-02')
    const listed = await lake.objects.list('')
    const plan = await planCompaction('c.visits', 1, lake.deps)
    expect(plan).toMatchObject({
      isWhole: false,
      freshFiles: 1,
      touchedKeys: 1,
      partsToWrite: 2,
      partsToCarry: 1,
      filesToMerge: 0,
    })
    expect(plan.writeAmplification).toBeGreaterThan(1)
    expect(await lake.objects.list('')).toEqual(listed)
    expect(await lake.compact()).toMatchObject({ partsWritten: 2, partsCarried: 1 })
  })
})

describe('readers', () => {
  test('G8 who opened the catalog before a publish reads on during the grace period', async () => {
    const lake = await threeDays()
    const before = await baseOf(lake)
    await lake.land(visits, [row('update', 10, 9, '2024-01-06', 'moved')], '2024-01-02')
    await lake.compact({ graceMs: 10 * MINUTE })
    await lake.compact({ graceMs: 10 * MINUTE }, { now: () => NOW + 9 * MINUTE })
    for (const key of filesOf(before)) await expect(lake.objects.get(key)).resolves.toBeDefined()
    await lake.compact({ graceMs: 10 * MINUTE }, { now: () => NOW + 10 * MINUTE })
    const after = await baseOf(lake)
    const listed = await lake.objects.list('lake/c/visits_v1_base/')
    expect(listed).toEqual(filesOf(after).toSorted())
    await expectEqual(lake)
  })
})
