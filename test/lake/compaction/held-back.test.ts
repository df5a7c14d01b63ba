import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whole } from '../../support/budget.ts'
import { at, insert, later, move, ParcelsFixture, parcels, update } from './parcels-fixture.ts'

let lab: ParcelsFixture

beforeAll(async () => {
  lab = await ParcelsFixture.open()
})

afterAll(() => lab.close())

describe('a row of which no change in the lake has every value', () => {
  test('G2 G4 is held back, through builds of base and retention of history, until the change comes that has them', async () => {
    const lake = await lab.newLake()
    await lake.land(
      parcels,
      [update(20, 1, ['place', 'note'], [null, 5, null]), insert(21, 2, ['b', 1, 'whole'])],
      '2024-01-01',
    )
    const whole = [2, 'b', 1, 'whole']
    const lacking = { shown: [whole], heldBack: [[1, at(20), ['note', 'place']]] }
    expect(await lab.seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await lab.seen(lake)).toEqual(lacking)

    /* One of the two values comes, and what base knows stays known. */
    await lake.land(parcels, [update(30, 1, ['n', 'note'], ['a', null, null])], '2024-01-02')
    const half = { shown: [whole], heldBack: [[1, at(30), ['note']]] }
    expect(await lab.seen(lake)).toEqual(half)
    await lake.compact()
    expect(await lab.seen(lake)).toEqual(half)
    await lake.land(parcels, [update(31, 2, ['note'], ['b', 2, null])], '2024-01-12')
    await lake.compact({}, later)
    expect(await lake.compact({ keepHistoryDays: 1 }, later)).toMatchObject({
      droppedDays: ['2024-01-01', '2024-01-02'],
    })
    expect(await lab.seen(lake)).toEqual({ ...half, shown: [[2, 'b', 2, 'whole']] })

    await lake.land(parcels, [insert(10, 1, ['z', 0, 'late'])], '2024-01-12')
    const all = {
      shown: [
        [1, 'a', 5, 'late'],
        [2, 'b', 2, 'whole'],
      ],
      heldBack: [],
    }
    expect(await lab.seen(lake)).toEqual(all)
    await lake.compact({}, later)
    expect(await lab.seen(lake)).toEqual(all)
    expect(await lake.baseRows()).toHaveLength(2)
  })

  whole('G2 is held back under a later key, and comes back whole with the row of the old key', async () => {
    const lake = await lab.newLake()
    await lake.land(parcels, move(20, [1, 2], ['note'], ['a', 5, null]))
    const lacking = { shown: [], heldBack: [[2, at(20, 1), ['note']]] }
    expect(await lab.seen(lake)).toEqual(lacking)
    await lake.compact()
    expect(await lab.seen(lake)).toEqual(lacking)
    await lake.land(parcels, [insert(10, 1, ['z', 0, 'late'])])
    expect(await lab.seen(lake)).toEqual({ shown: [[2, 'a', 5, 'late']], heldBack: [] })
    await lake.compact()
    expect(await lab.seen(lake)).toEqual({ shown: [[2, 'a', 5, 'late']], heldBack: [] })
  })

  whole(
    'G2 is gone when its key is deleted, and whole when a row comes that brings every value',
    async () => {
      const lake = await lab.newLake()
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
      expect(await lab.seen(lake)).toEqual(now)
      await lake.compact()
      expect(await lab.seen(lake)).toEqual(now)
    },
  )
})
