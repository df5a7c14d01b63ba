import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../core/contract/index.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import { runs, spread, within } from '../support/budget.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { metricOf } from './built-handlers.ts'
import { type CompactFixture, compactFixture } from './compact-fixture.ts'

const common = { version: 1, owner: 'tests', description: 'Visits', unknownFields: 'drop' } as const
const columns = {
  id: col.bigint('Key'),
  on: col.date('Day'),
  note: col.string('A note', { nullable: true }),
}
const visits: Table = table({
  ...common,
  name: 'c.visits',
  source: { system: 'tests', table: 'public.visits' },
  partitionBy: { on: 'day', id: { bucket: 2 } },
  primaryKey: ['id'],
  columns,
})
const guests: Table = table({
  ...common,
  name: 'c.guests',
  source: { system: 'tests', table: 'public.guests' },
  primaryKey: ['id'],
  columns,
})
const DAYS = ['2024-01-01', '2024-01-02', '2024-01-03']
const HOUR = 3_600_000

const labs: CompactFixture[] = []
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close()
})
async function labOf(tables: readonly Table[], options?: Parameters<typeof compactFixture>[2]) {
  const lab = await compactFixture(await tempFolder(), tables, options)
  labs.push(lab)
  lab.now = Date.parse('2024-01-03T12:00:00Z')
  return lab
}

/** Rows of changes, and what they leave: ids with their notes. */
class Source {
  private place = 0
  private readonly state = new Map<number, string>()

  put(id: number): LakeRow {
    this.place += 1
    this.state.set(id, `note ${this.place}`)
    const values = [String(id), DAYS[id % DAYS.length] ?? '', `note ${this.place}`]
    return ['insert', this.position, 0, 0, null, null, ...values]
  }

  delete(id: number): LakeRow {
    this.place += 1
    this.state.delete(id)
    return ['delete', this.position, 0, 0, null, null, String(id), null, null]
  }

  truncate(): LakeRow {
    this.place += 1
    this.state.clear()
    return ['truncate', this.position, 0, 0, null, null, null, null, null]
  }

  get rows(): readonly unknown[] {
    return [...this.state].toSorted(([one], [other]) => one - other).map(([id, note]) => [String(id), note])
  }

  private get position(): string {
    return `0001-${String(this.place).padStart(16, '0')}-0000000010`
  }
}

const read = (lab: CompactFixture, name = 'c.visits') =>
  lab.rows(name, `SELECT id::VARCHAR, note FROM ${name} ORDER BY id`)

async function filled(lab: CompactFixture, of: Table = visits) {
  const source = new Source()
  await lab.land(
    of,
    [1, 2, 3, 4, 5, 6].map((id) => source.put(id)),
    '2024-01-02',
  )
  return source
}

describe('compact on Glue', () => {
  test.each([
    ['partitioned', visits],
    ['unpartitioned', guests],
  ])(
    'G2 G8 Athena reads the same rows of a %s table, before, after, and from tables of the build alone',
    async (_, of) => {
      const lab = await labOf([of])
      const source = await filled(lab, of)
      expect(await read(lab, of.name)).toEqual(source.rows)
      expect((await lab.compact()).answer).toMatchObject({
        done: [{ state: 'published', build: 1, rows: 6 }],
      })
      expect(await read(lab, of.name)).toEqual(source.rows)
      await lab.land(of, [source.put(2), source.delete(3), source.put(9)], '2024-01-03')
      expect(await read(lab, of.name)).toEqual(source.rows)
      expect((await lab.compact({ table: of.name })).answer).toMatchObject({
        done: [{ state: 'published', build: 2, rows: 6, dead: 1 }],
      })
      expect(await read(lab, of.name)).toEqual(source.rows)
      expect((await lab.compact()).answer).toMatchObject({ done: [{ state: 'nothing new', build: 2 }] })
      expect(metricOf(lab.lines, 'foldedAge')).toEqual({ [of.name]: 0 })
      expect(JSON.stringify(lab.lines)).not.toContain('note 1')
    },
  )

  test(
    'G8 at every call that a compaction makes Athena reads the same rows',
    async () => {
      const lab = await labOf([visits])
      const source = await filled(lab)
      await lab.compact()
      await lab.land(visits, [source.put(2), source.delete(3)], '2024-01-03')
      lab.now += 2 * HOUR
      let looks = 0
      const onCall = async (call: number) => {
        if (call % Math.ceil(4 / runs(1)) !== 0) return
        looks += 1
        expect(await read(lab)).toEqual(source.rows)
      }
      expect((await lab.compact({}, { onCall })).answer).toMatchObject({ done: [{ state: 'published' }] })
      expect(looks).toBeGreaterThan(8)
    },
    within(30_000),
  )

  test('G8 G10 files of the build before are deleted only behind the view', async () => {
    const lab = await labOf([visits])
    const source = await filled(lab)
    await lab.compact()
    await lab.land(visits, [source.put(2), source.delete(3)], '2024-01-03')
    await lab.compact({}, { crash: { at: 'UpdateTable visits', isAfter: false } })
    expect((await lab.catalog.entries())[0]?.base?.build).toBe(2)
    lab.now += 2 * HOUR
    const seen: unknown[] = []
    const onCall = async (call: number) => {
      if (call % 3 !== 0) return
      const rows = await read(lab)
      if (!isDeepStrictEqual(rows, seen.at(-1))) seen.push(rows)
    }
    expect((await lab.compact({}, { onCall })).answer).toMatchObject({ done: [{ state: 'nothing new' }] })
    expect(seen).toEqual([source.rows])
  })

  test.each(spread([false, true], 1))(
    'G8 G10 ended at any call, hours ago or just now, the rows stay the same (after the call: %s)',
    async (isAfter) => {
      const lab = await labOf([visits])
      const source = await filled(lab)
      await lab.compact()
      const stride = Math.ceil(23 / runs(1))
      for (let at = isAfter ? 2 : 1, calls = at; at <= calls; at += stride) {
        await lab.land(visits, [source.put(at % 7), source.delete((at + 3) % 7)], '2024-01-03')
        await lab.compact({}, { crash: { at, isAfter } }).catch(() => undefined)
        expect(await read(lab)).toEqual(source.rows)
        if (at % 2 === 0) lab.now += 2 * HOUR
        await lab.land(visits, [source.put((at + 1) % 7)], '2024-01-03')
        const whole = await lab.compact()
        expect(whole.answer).toMatchObject({ failed: [], left: [], busy: [] })
        expect(await read(lab)).toEqual(source.rows)
        calls = whole.calls
      }
      /* Nothing is left of what broke off. */
      for (const _ of [1, 2]) {
        lab.now += 2 * HOUR
        await lab.land(visits, [source.put(1)], '2024-01-03')
        await lab.compact()
      }
      expect(await read(lab)).toEqual(source.rows)
      const [entry] = await lab.catalog.entries()
      const files = [
        ...(entry?.base?.parts ?? []).flatMap((part) => part.files),
        ...(entry?.base?.tombstones ?? []),
      ]
      lab.now += 2 * HOUR
      await lab.compact()
      expect(await lab.objects.list('lake/c/visits_v1_base/')).toEqual(files.map(({ key }) => key).toSorted())
      expect(lab.glue.tables().filter(({ Name = '' }) => /_base_/.test(Name)).length).toBeLessThanOrEqual(2)
      expect((await lab.objects.list('catalog/base/')).length).toBeLessThanOrEqual(2)
    },
    within(60_000),
  )

  test("G2 a truncate that lands is in the view at once, and dropped days of history are nobody's loss", async () => {
    const lab = await labOf([visits], { keepHistoryDays: 3 })
    const source = await filled(lab)
    await lab.compact()
    await lab.land(visits, [source.truncate(), source.put(5)], '2024-01-03')
    expect(await read(lab)).toEqual(source.rows)
    await lab.compact()
    lab.now += 8 * 24 * HOUR
    await lab.land(visits, [source.put(8)], '2024-01-11')
    await lab.compact()
    expect((await lab.compact()).answer).toMatchObject({
      done: [{ droppedDays: ['2024-01-02', '2024-01-03'] }],
    })
    expect(await read(lab)).toEqual(source.rows)
    lab.now += 2 * HOUR
    await lab.compact()
    expect(await lab.objects.list('lake/c/visits_v1_history/ingest_date=2024-01-02/')).toEqual([])
    expect(await read(lab)).toEqual(source.rows)
  })

  test('the table whose compaction began longest ago is first, and one that fails does not keep the others', async () => {
    const lab = await labOf([visits, guests])
    await filled(lab, visits)
    await filled(lab, guests)
    await lab.compact({ table: 'c.guests' })
    lab.now += HOUR
    const { done } = (await lab.compact()).answer
    expect(done.map((one) => one.table)).toEqual(['c.visits', 'c.guests'])
    await lab.objects.put(
      'lake/c/visits_v1_history/ingest_date=2024-01-02/bad.parquet',
      Buffer.from('no Parquet'),
    )
    lab.now += HOUR
    const { answer } = await lab.compact()
    expect(answer).toMatchObject({
      done: [{ table: 'c.guests' }],
      failed: [{ table: 'c.visits v1', code: 'lake/unreadable' }],
    })
    expect(metricOf(lab.lines, 'foldedAge')).toEqual({ 'c.visits': 3_600, 'c.guests': 0 })
  })

  test('a table that another call compacts is left to it; nothing is begun when no time is left', async () => {
    const lab = await labOf([visits])
    await filled(lab)
    lab.leases.add('compact#c.visits v1')
    expect((await lab.compact()).answer).toMatchObject({ done: [], busy: ['c.visits v1'] })
    const late = await labOf([visits], { remainingMs: 31_000 })
    await filled(late)
    expect((await late.compact()).answer).toEqual({ done: [], busy: [], failed: [], left: ['c.visits v1'] })
    await expect(late.compact({ table: 'c.nothing' })).rejects.toMatchObject({ code: 'usage/invalid' })
  })
})
