import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whole } from '../../support/budget.ts'
import {
  at,
  insert,
  later,
  move,
  ParcelsFixture,
  parcels,
  redriven,
  refused,
  update,
  type Values,
} from './parcels-fixture.ts'

let lab: ParcelsFixture

beforeAll(async () => {
  lab = await ParcelsFixture.open()
})

afterAll(() => lab.close())

describe('a value from before a refused change', () => {
  const old = [1, 'a', 1, 'old']
  const newest: Values = ['a', 3, null]

  test('G2 is not shown beside later values, through builds of base and retention, until the change is redriven', async () => {
    const lake = await lab.newLake()
    await lake.land(parcels, [insert(10, 1, ['a', 1, 'old']), refused(20, 1)], '2024-01-01')
    /* The newest change waits: the row before it is shown as it was. */
    expect(await lab.seen(lake)).toEqual({ shown: [old], heldBack: [] })
    await lake.compact()
    expect(await lab.seen(lake)).toEqual({ shown: [old], heldBack: [] })
    await lake.land(parcels, [update(30, 1, ['note'], newest)], '2024-01-02')
    const lacking = { shown: [], heldBack: [[1, at(30), ['note']]] }
    expect(await lab.seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await lab.seen(lake)).toEqual(lacking)
    expect(await lab.asOf(lake, at(25))).toEqual([old])
    expect(await lab.asOf(lake, at(30))).toEqual([])

    await lake.land(parcels, [insert(40, 2, ['b', 2, ''])], '2024-01-12')
    await lake.compact({}, later)
    expect(await lake.compact({ keepHistoryDays: 1, graceMs: 0 }, later)).toMatchObject({
      droppedDays: ['2024-01-01', '2024-01-02'],
    })
    await lake.compact({ graceMs: 0 }, later)
    const other = [2, 'b', 2, '']
    expect(await lab.seen(lake)).toEqual({ ...lacking, shown: [other] })
    /* A row from before the refused change has a value of before, too. */
    await lake.land(parcels, [insert(5, 1, ['z', 0, 'late'])], '2024-01-12')
    expect(await lab.seen(lake)).toEqual({ ...lacking, shown: [other] })
    await lake.compact({}, later)
    expect(await lab.seen(lake)).toEqual({ ...lacking, shown: [other] })

    await lake.land(parcels, [redriven(update(20, 1, ['n'], ['c', null, 'new']))], '2024-01-12')
    await lake.catalog.publishRevision(parcels.name, 1, 1)
    const whole = { shown: [[1, 'a', 3, 'new'], other], heldBack: [] }
    expect(await lab.seen(lake)).toEqual(whole)
    await lake.compact({}, later)
    expect(await lab.seen(lake)).toEqual(whole)
  })

  whole(
    'G2 is not shown under a key that a refused change gave the row, nor where a refused insert followed it',
    async () => {
      const lake = await lab.newLake()
      await lake.land(parcels, [insert(10, 1, ['a', 1, 'one']), insert(11, 2, ['b', 2, 'two'])])
      await lake.compact()
      /* Key 1 became 3 and key 2 became 1, both refused; then an update of each, and 3 became 4. */
      await lake.land(parcels, [
        refused(20, 3, 1),
        refused(21, 1, 1),
        update(30, 1, ['note'], ['b', 5, null]),
      ])
      await lake.land(parcels, move(31, [3, 4], ['note'], ['a', 6, null]))
      const held = {
        shown: [[2, 'b', 2, 'two']],
        heldBack: [
          [1, at(30), ['note']],
          [4, at(31, 1), ['note']],
        ],
      }
      expect(await lab.seen(lake)).toEqual(held)
      await lake.compact()
      expect(await lab.seen(lake)).toEqual(held)
      await lake.land(parcels, move(20, [1, 3], ['note'], ['a', 2, null]).map(redriven))
      await lake.catalog.publishRevision(parcels.name, 1, 1)
      const half = {
        shown: [
          [2, 'b', 2, 'two'],
          [4, 'a', 6, 'one'],
        ],
        heldBack: [[1, at(30), ['note']]],
      }
      expect(await lab.seen(lake)).toEqual(half)
      await lake.compact()
      expect(await lab.seen(lake)).toEqual(half)
      expect(await lab.marks(lake)).toEqual([[1, at(21, 1)]])
    },
  )

  whole(
    'G2 stays unknown where history was dropped and the redriven change did not send it either',
    async () => {
      const lake = await lab.newLake()
      await lake.land(parcels, [insert(10, 1, ['a', 1, 'old'])], '2024-01-01')
      await lake.compact()
      /* A mark alone is fresh: base has the row. */
      await lake.land(parcels, [refused(20, 1)], '2024-01-02')
      expect(await lab.seen(lake)).toEqual({ shown: [old], heldBack: [] })
      await lake.land(parcels, [update(30, 1, ['n', 'note'], ['a', null, null])], '2024-01-02')
      await lake.land(parcels, [insert(40, 2, ['b', 2, ''])], '2024-01-12')
      await lake.compact({}, later)
      expect(await lake.compact({ keepHistoryDays: 1, graceMs: 0 }, later)).toMatchObject({
        droppedDays: ['2024-01-01', '2024-01-02'],
      })
      /* The files of those days go when nobody can be in them any more. */
      await lake.compact({ graceMs: 0 }, later)
      const other = [2, 'b', 2, '']
      expect(await lab.seen(lake)).toEqual({ shown: [other], heldBack: [[1, at(30), ['n', 'note']]] })
      await lake.land(parcels, [redriven(update(20, 1, ['n'], ['c', null, 'new']))], '2024-01-12')
      await lake.catalog.publishRevision(parcels.name, 1, 1)
      for (const isCompacted of [false, true]) {
        if (isCompacted) await lake.compact({}, later)
        expect(await lab.seen(lake)).toEqual({ shown: [other], heldBack: [[1, at(30), ['n']]] })
      }
    },
  )

  test('is marked for as long as somebody may look for it', async () => {
    const lake = await lab.newLake()
    await lake.land(parcels, [insert(10, 1, ['a', 1, 'old']), refused(20, 1), refused(21, 1), refused(22, 2)])
    await lake.compact()
    expect(await lab.marks(lake)).toEqual([
      [1, at(20)],
      [1, at(21)],
      [2, at(22)],
    ])
    await lake.land(parcels, [update(30, 1, [], ['a', 1, 'whole']), insert(31, 3, ['c', 1, 'n'])])
    await lake.compact()
    expect(await lab.marks(lake)).toEqual([[2, at(22)]])
    expect(await lake.baseRows()).toHaveLength(2)
  })
})
