import { describe, expect, test } from 'vitest'
import { LoadWorld } from './load-world.ts'

/** Who takes the load of a world on, from what is saved of it. */
export interface LoadDriver {
  /** As far as it goes: until it is over, or the world's calls are. */
  go(world: LoadWorld): Promise<void>
  cancel(world: LoadWorld): Promise<void>
  /** Whether whoever reads knows every row, or may have written some twice. */
  readonly isExact: boolean
  /** The failure of a table that cannot be read. */
  readonly unreadable: string
}

const three = [{ rows: 4 }, { rows: 5 }, { rows: 6 }]
/* More than any load of these needs. */
const MOST_CALLS = 200

/** What every driver of full loads keeps. */
export function loadDriverContract(name: string, driver: LoadDriver): void {
  /* A world in which the load is over. */
  async function over(world: LoadWorld): Promise<LoadWorld> {
    world.revive()
    await driver.go(world)
    return world
  }

  /* Worlds whose load was cut off after each number of calls, up to the last one that matters. */
  async function* cutOff(): AsyncGenerator<LoadWorld> {
    for (let calls = 0; calls < MOST_CALLS; calls += 1) {
      const world = new LoadWorld({ files: three })
      world.revive(calls)
      await driver.go(world)
      const isLast = !world.isDead
      yield world
      if (isLast) return
    }
    throw new Error('it never ends')
  }

  describe(`${name} as a driver of full loads`, () => {
    test.each([{ files: three }, { files: [] }, { files: [{ rows: 1 }] }])(
      'G1 G10 loads $files: audited, then its floor, then complete',
      async ({ files }) => {
        const world = await over(new LoadWorld({ files }))
        expect(world.steps.slice(-3)).toEqual(['audited', 'floor', 'complete'])
        expect(world.steps.filter((step) => step === 'floor')).toHaveLength(1)
        expect(world.table).toMatchObject({
          state: 'complete',
          rows: world.rows,
          isRead: true,
          failure: null,
        })
        expect(world.table?.files.map(({ rows, state }) => ({ rows, state }))).toEqual(
          files.map(({ rows }) => ({ rows, state: 'landed' })),
        )
        expect(world.floors).toEqual([world.table?.position])
      },
    )

    test('G3 G10 cut off at any call and gone on with, a load is complete, at one floor, and not before', async () => {
      let cuts = 0
      for await (const world of cutOff()) {
        const before = world.steps.lastIndexOf('floor')
        if (before >= 0) expect(world.steps.slice(0, before)).toContain('audited')
        if (world.table?.state === 'complete') expect(world.floors).toEqual([world.table.position])
        await over(world)
        expect(world.table).toMatchObject({ state: 'complete', rows: 15, files: [{}, {}, {}] })
        expect([...new Set(world.floors)]).toEqual([world.table?.position])
        const steps = [...world.steps]
        await over(world)
        expect(world.steps).toEqual(steps)
        cuts += 1
      }
      expect(cuts).toBeGreaterThan(10)
    })

    test('G2 cancelled wherever it was cut off, a load stays as it was, and no floor is set any more', async () => {
      const ends = new Set<string | undefined>()
      for await (const world of cutOff()) {
        const floors = [...world.floors]
        const state = world.table?.state === 'complete' ? 'complete' : 'cancelled'
        world.revive()
        await driver.cancel(world)
        await over(world)
        expect([world.table?.state, world.floors]).toEqual([state, floors])
        ends.add(world.table?.state)
      }
      expect([...ends]).toEqual(['cancelled', 'complete'])
    })

    const uneven = { landed: { 'w.shops v1': 3 }, refused: { 'w.shops v1': 0 } }
    test.each([
      ['whose files have a row less than was read', { files: three, rows: 16 }],
      ['of which a contract lost a row', { files: [{ rows: 5 }, { rows: 4, told: uneven }] }],
    ])('G1 a load %s fails its audit, and sets no floor', async (_, given) => {
      const world = await over(new LoadWorld(given))
      expect(world.table).toMatchObject({ state: 'failed', failure: { code: 'load/audit' } })
      expect(world.floors).toEqual([])
      expect(world.table?.failure?.message).toContain('w.shops: ')
    })

    test('G3 a load whose files have a row more than was read is complete only where a row may be written twice', async () => {
      const world = await over(new LoadWorld({ files: three, rows: 14 }))
      expect(world.table?.state).toBe(driver.isExact ? 'failed' : 'complete')
      expect(world.floors).toHaveLength(driver.isExact ? 0 : 1)
    })

    test('G1 a file that is set aside fails its load by its own failure, and sets no floor', async () => {
      const world = await over(new LoadWorld({ files: [{ rows: 4 }, { rows: 5, told: 'aside' }] }))
      expect(world.table).toMatchObject({ state: 'failed', failure: { code: 'landing/corrupt' } })
      expect(world.floors).toEqual([])
    })

    test('a table that cannot be read fails with the cause, and sets no floor', async () => {
      const world = await over(new LoadWorld({ files: three, isReadable: false }))
      expect(world.table).toMatchObject({ state: 'failed', failure: { code: driver.unreadable } })
      expect(world.floors).toEqual([])
    })
  })
}
