import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import type { CompactDeps } from '../../../lake/compaction/compact-deps.ts'
import type { CompactOptions } from '../../../lake/compaction/compact-table.ts'
import { dayOf } from '../../../lake/compaction/plan/history-listing.ts'
import { filesOf } from '../../../lake/compaction/plan/retire-files.ts'
import { runs, spread, within } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { type CompactionLake, compactionLake, NOW } from './compaction-lake.ts'

const visits: Table = table({
  name: 'c.visits',
  version: 1,
  owner: 'tests',
  description: 'Visits, in four buckets',
  source: { system: 'tests', table: 'public.visits' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  partitionBy: { id: { bucket: 4 } },
  columns: { id: col.bigint('Key'), note: col.string('A note', { nullable: true }) },
})

const GRACE = 600_000
const DAY = 86_400_000
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

function row(op: 'insert' | 'delete', place: number, id: number): LakeRow {
  const position = `0001-${String(place).padStart(16, '0')}-0000000010`
  return [op, position, 0, 0, null, null, String(id), op === 'delete' ? null : `note ${place}`]
}

/** A lake that has a base, small files to merge, and one fresh file. */
async function worn(): Promise<CompactionLake> {
  const lake = await compactionLake(await tempFolder(), visits, sql)
  for (let file = 0; file < 5; file += 1)
    await lake.land(
      visits,
      [row('insert', file * 2 + 1, file), row('insert', file * 2 + 2, file + 10)],
      '2024-01-02',
    )
  await lake.compact()
  await lake.land(visits, [row('insert', 30, 1), row('delete', 31, 2), row('insert', 32, 40)], '2024-01-02')
  return lake
}

const MERGING: CompactOptions = { mergeAbove: 3, graceMs: GRACE }

async function expectWhole(lake: CompactionLake): Promise<void> {
  expect(await lake.baseRows()).toEqual(await lake.foldedRows())
  expect(await lake.tombstones()).toEqual(await lake.deletedKeys())
}

async function historyRows(lake: CompactionLake): Promise<readonly unknown[]> {
  const keys = await lake.objects.list('lake/c/visits_v1_history/')
  const paths = keys.map((key) => `'${lake.objects.path(key)}'`).join(', ')
  return sql.rows(
    `SELECT DISTINCT _op, _position, id, note FROM read_parquet([${paths}], union_by_name = true) ORDER BY ALL`,
  )
}

/** Every call of every port, in order: the one of number `stop` throws, before it did its work or after it. */
function breaking(
  deps: CompactDeps,
  stop: number,
  isAfter: boolean,
): { deps: CompactDeps; calls: () => number } {
  let calls = 0
  const wrap = <P extends object>(port: P): P =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...given: readonly unknown[]) => {
          calls += 1
          /* After the crash nothing works any more: nobody tidies up. */
          if (calls > stop || (calls === stop && !isAfter)) throw new Error('crash')
          const result: unknown = await Reflect.apply(member, target, given)
          if (calls === stop) throw new Error('crash')
          return result
        }
      },
    })
  return {
    calls: () => calls,
    deps: {
      ...deps,
      sql: wrap(deps.sql),
      files: wrap(deps.files),
      objects: wrap(deps.objects),
      catalog: wrap(deps.catalog),
      ledger: wrap(deps.ledger),
      manifest: wrap(deps.manifest),
    },
  }
}

/* Of the calls before the last: each one when there is time. */
const STRIDE = Math.ceil(37 / runs(1))

describe('a compaction that crashes', () => {
  test.each([false, true])(
    'G8 G10 at any call of any port leaves the old base or the new one, and the next one puts it right (after the call: %s)',
    async (isAfter) => {
      const unbroken = await worn()
      const counting = breaking(unbroken.deps, Number.POSITIVE_INFINITY, false)
      await unbroken.compact(MERGING, counting.deps)
      const all = counting.calls()
      expect(all).toBeGreaterThan(60)
      const expected = await unbroken.baseRows()
      /* Statements of SQL change nothing that lasts: of those only some are broken off. */
      const last = all - 12
      const stops: number[] = []
      for (let stop = 1; stop <= all; stop = stop < last ? Math.min(stop + STRIDE, last) : stop + 1)
        stops.push(stop)
      for (const stop of spread(stops, 4)) {
        const lake = await worn()
        const before = {
          base: (await lake.entry()).base,
          rows: await lake.baseRows(),
          history: await historyRows(lake),
        }
        await expect(lake.compact(MERGING, breaking(lake.deps, stop, isAfter).deps)).rejects.toThrow('crash')
        const { base } = await lake.entry()
        expect(await lake.baseRows()).toEqual(base?.build === before.base?.build ? before.rows : expected)
        /* Sometimes only long after: what the crash wrote down is old then. */
        await lake.compact(MERGING, { now: () => (stop % 2 === 0 ? NOW : NOW + 2 * GRACE) })
        await expectWhole(lake)
        for (const passed of [4, 6]) await lake.compact(MERGING, { now: () => NOW + passed * GRACE })
        expect(await lake.objects.list('lake/c/visits_v1_base/')).toEqual(
          filesOf((await lake.entry()).base).toSorted(),
        )
        expect(await historyRows(lake)).toEqual(before.history)
        await expectWhole(lake)
      }
    },
    within(120_000),
  )
})

describe('small history files', () => {
  test('G3 are merged by day with every row, and go when the grace period is over', async () => {
    const lake = await worn()
    const rows = await historyRows(lake)
    expect(await lake.compact(MERGING)).toMatchObject({ build: 2, mergedFiles: 5 })
    const listed = await lake.objects.list('lake/c/visits_v1_history/')
    expect(listed).toHaveLength(7)
    const [merged = ''] = listed.filter((key) => key.includes('/merged-000002-'))
    expect((await lake.entry()).base?.folded).toContain(merged)
    await expectWhole(lake)
    expect(await lake.compact(MERGING)).toMatchObject({ state: 'nothing new' })
    await lake.compact(MERGING, { now: () => NOW + GRACE + 1 })
    expect(await lake.objects.list('lake/c/visits_v1_history/')).toHaveLength(2)
    expect([...lake.manifest.values()]).toMatchObject([{ key: merged, rows: expect.any(Number) }])
    expect(await historyRows(lake)).toEqual(rows)
    await expectWhole(lake)
  })
})

describe('retention', () => {
  test('G2 takes old days of history away once they are in base, which then stands for them', async () => {
    const lake = await worn()
    await lake.compact()
    const rows = await lake.baseRows()
    const keep = { keepHistoryDays: 3, graceMs: GRACE }
    const later = NOW + 10 * DAY
    await lake.land(visits, [row('insert', 50, 50)], '2024-01-12')
    await lake.compact({}, { now: () => later })
    expect(await lake.compact(keep, { now: () => later })).toMatchObject({ droppedDays: ['2024-01-02'] })
    const { base, partitions } = await lake.entry()
    expect(partitions).toEqual(['2024-01-12'])
    expect(base?.historyFrom).toBe(base?.position)
    await lake.compact(keep, { now: () => later + GRACE + 1 })
    const days = (await lake.objects.list('lake/c/visits_v1_history/')).map(dayOf)
    expect(new Set(days)).toEqual(new Set(['2024-01-12']))
    expect(await lake.baseRows()).toEqual(
      [...rows, ...(await lake.baseRows()).filter((text) => text.includes('note 50'))].toSorted(),
    )

    /* A late row is below what base stands for; a newer one, with a gap, takes the rest from base. */
    await lake.land(visits, [row('insert', 2, 1)], '2024-01-12')
    await lake.compact(keep, { now: () => later })
    expect((await lake.baseRows()).filter((text) => text.includes('note 30'))).toHaveLength(1)
    /* Also without its record a base is not made anew of the history that is left. */
    const [record = ''] = await lake.objects.list('state/compaction/')
    await lake.objects.delete(record)
    await lake.compact(keep, { now: () => later })
    expect(await lake.baseRows()).toHaveLength(rows.length + 1)
  })

  test('keeps days that are not folded whole', async () => {
    const lake = await worn()
    await lake.compact()
    expect(await lake.compact({ keepHistoryDays: 0 })).toMatchObject({ droppedDays: [] })
  })
})

describe('a compaction', () => {
  test('that is interrupted leaves nothing behind', async () => {
    const lake = await worn()
    const listed = await lake.objects.list('lake/')
    const stop = new AbortController()
    const result = await lake.compact(MERGING, {
      signal: stop.signal,
      onProgress: ({ step, done }) => {
        if (step === 'write' && done > 0) stop.abort()
      },
    })
    expect(result).toMatchObject({ state: 'interrupted', build: 1 })
    expect(await lake.objects.list('lake/')).toEqual(listed)
  })

  test('G8 whose files are not what was staged is not published, and its files go', async () => {
    const lake = await worn()
    const listed = await lake.objects.list('lake/')
    let published = 0
    const files: CompactDeps['files'] = {
      read: (key) => lake.deps.files.read(key),
      scratch: (name) => lake.deps.files.scratch(name),
      verify: (file, by) => lake.deps.files.verify(file, by),
      async publish(path, key) {
        published += 1
        /* A disk that loses the last row of a file. */
        const broken = `${path.slice(0, -4)}x`
        await sql.run(`COPY (SELECT * FROM read_parquet('${path}') ORDER BY id LIMIT
          (SELECT count(*) - 1 FROM read_parquet('${path}'))) TO '${broken}' (FORMAT parquet)`)
        return lake.deps.files.publish(broken, key)
      },
    }
    const failure = await lake.compact({}, { files }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PipelineError)
    expect(failure).toMatchObject({ code: 'lake/audit', action: 'halt' })
    expect(published).toBeGreaterThan(0)
    expect(await lake.entry()).toMatchObject({ base: { build: 1 } })
    expect(await lake.objects.list('lake/')).toEqual(listed)
    await lake.compact()
    await expectWhole(lake)
  })

  test('G8 beside which another build was published is refused by the catalog', async () => {
    const lake = await worn()
    const catalog: CompactDeps['catalog'] = {
      entries: () => lake.catalog.entries(),
      dropPartitions: (...given) => lake.catalog.dropPartitions(...given),
      async publishBase(name, version, base, before) {
        await lake.catalog.publishBase(name, version, { ...base, build: 7 }, before)
        await lake.catalog.publishBase(name, version, base, before)
      },
    }
    await expect(lake.compact({}, { catalog })).rejects.toMatchObject({ code: 'lake/conflict' })
    await expectWhole(lake)
  })
})
