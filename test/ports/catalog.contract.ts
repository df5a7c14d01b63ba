import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Base, CatalogTable } from '../../core/ports/catalog-entry.ts'
import type { Catalog } from '../../core/ports/ports.ts'
import { loadPosition } from '../../core/position.ts'

export interface CatalogUnderTest {
  readonly catalog: Catalog
  /** Another instance, as another process would open it. */
  reopen(): Promise<Catalog>
}

/** What every catalog keeps; `make` gives an empty one for each test. */
export function catalogContract(name: string, make: () => Promise<CatalogUnderTest>): void {
  describe(`${name} as a catalog`, () => {
    test('has nothing before the first call', async () => {
      expect(await (await make()).catalog.entries()).toEqual([])
    })

    test('keeps tables, partitions and floors across a restart', async () => {
      const { catalog, reopen } = await make()
      await catalog.registerTables([shifts(1)])
      await catalog.registerPartition('w.shifts', 1, '2024-01-02')
      await catalog.addFloor('public.shifts', { position: at(1), reason: 'load' })
      await catalog.publishRevision('w.shifts', 1, 2)
      const expected = [
        {
          table: shifts(1),
          partitions: ['2024-01-02'],
          floors: [{ position: at(1), reason: 'load' }],
          revisions: [2],
          base: null,
        },
      ]
      expect(await (await reopen()).entries()).toEqual(expected)
    })

    test('G8 shows a new base in place of the one it was made of, and refuses any other', async () => {
      const { catalog, reopen } = await make()
      await catalog.registerTables([shifts(1)])
      await catalog.publishBase('w.shifts', 1, base(1), null)
      await catalog.publishBase('w.shifts', 1, base(2), 1)
      await catalog.publishBase('w.shifts', 1, base(2), 1)
      await expect(catalog.publishBase('w.shifts', 1, base(3), 1)).rejects.toMatchObject({
        code: 'lake/conflict',
      })
      expect((await (await reopen()).entries())[0]?.base).toEqual(base(2))
    })

    test('takes ingest days away', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1)])
      for (const day of ['2024-01-01', '2024-01-02', '2024-01-03'])
        await catalog.registerPartition('w.shifts', 1, day)
      await catalog.dropPartitions('w.shifts', 1, ['2024-01-01', '2024-01-02', '2023-01-01'])
      expect((await catalog.entries())[0]?.partitions).toEqual(['2024-01-03'])
    })

    test('G3 changes nothing when the same is registered again', async () => {
      const { catalog } = await make()
      const register = async () => {
        await catalog.registerTables([shifts(1), shops])
        await catalog.registerPartition('w.shifts', 1, '2024-01-01')
        await catalog.addFloor('public.shifts', { position: at(1), reason: 'truncate' })
        await catalog.publishRevision('w.shifts', 1, 1)
      }
      await register()
      const before = await catalog.entries()
      await register()
      expect(await catalog.entries()).toEqual(before)
    })

    test('keeps partitions and floors of a table that is registered anew with more columns', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1)])
      await catalog.registerPartition('w.shifts', 1, '2024-01-01')
      await catalog.addFloor('public.shifts', { position: at(1), reason: 'load' })
      await catalog.publishRevision('w.shifts', 1, 3)
      const wider = { ...shifts(1), columns: [...shifts(1).columns, column('note')] }
      await catalog.registerTables([wider])
      const [entry] = await catalog.entries()
      expect(entry).toEqual({
        table: wider,
        partitions: ['2024-01-01'],
        floors: [{ position: at(1), reason: 'load' }],
        revisions: [3],
        base: null,
      })
    })

    test('G8 keeps every one of many calls at once, and a reader sees each whole', async () => {
      const { catalog, reopen } = await make()
      await catalog.registerTables([shifts(1), shops])
      const dates = Array.from({ length: 20 }, (_, day) => `2024-01-${String(day + 1).padStart(2, '0')}`)
      let isDone = false
      const watch = async () => {
        const reader = await reopen()
        for (; !isDone; await setImmediate())
          expect((await reader.entries()).map(({ table }) => table.name)).toEqual(['w.shifts', 'w.shops'])
      }
      const write = Promise.all([
        ...dates.toReversed().map((date) => catalog.registerPartition('w.shifts', 1, date)),
        ...dates.map((_, index) =>
          catalog.addFloor('public.shops', { position: at(20 - index), reason: 'truncate' }),
        ),
      ]).finally(() => {
        isDone = true
      })
      await Promise.all([write, watch()])
      const [first, second] = await catalog.entries()
      expect(first?.partitions).toEqual(dates)
      expect(first?.floors).toEqual([])
      expect(second?.floors.map(({ position }) => position)).toEqual(dates.map((_, index) => at(index + 1)))
    })

    test('sorts floors by position and keeps one for each, on every version of their source', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1), shifts(2), shops])
      for (const [index, reason] of [
        [3, 'load'],
        [1, 'truncate'],
        [3, 'load'],
        [2, 'load'],
      ] as const)
        await catalog.addFloor('public.shifts', { position: at(index), reason })
      const floors = (await catalog.entries()).map((entry) => entry.floors.map(({ position }) => position))
      expect(floors).toEqual([[at(1), at(2), at(3)], [at(1), at(2), at(3)], []])
    })

    test('gives a new version of a contract the floors of its source, and nothing else of its sibling', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1)])
      await catalog.registerPartition('w.shifts', 1, '2024-01-01')
      await catalog.addFloor('public.shifts', { position: at(1), reason: 'load' })
      await catalog.publishRevision('w.shifts', 1, 1)
      await catalog.registerTables([shifts(2), shops])
      const [, second, third] = await catalog.entries()
      expect([second?.floors, second?.partitions, second?.revisions]).toEqual([
        [{ position: at(1), reason: 'load' }],
        [],
        [],
      ])
      expect(third?.floors).toEqual([])
    })

    test('G8 sorts the revisions that are published, of the version that they are of', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1), shifts(2)])
      await Promise.all([10, 9, 9, 1].map((revision) => catalog.publishRevision('w.shifts', 1, revision)))
      expect((await catalog.entries()).map(({ revisions }) => revisions)).toEqual([[1, 9, 10], []])
    })

    test('refuses a partition of a table that is not registered', async () => {
      const { catalog } = await make()
      await catalog.registerTables([shifts(1)])
      const refused = { code: 'lake/unreadable' }
      await expect(catalog.registerPartition('w.shifts', 2, '2024-01-01')).rejects.toMatchObject(refused)
      await expect(catalog.registerPartition('w.none', 1, '2024-01-01')).rejects.toMatchObject(refused)
      await expect(catalog.publishRevision('w.none', 1, 1)).rejects.toMatchObject(refused)
      await catalog.registerPartition('w.shifts', 1, '2024-01-01')
      expect((await catalog.entries())[0]?.partitions).toEqual(['2024-01-01'])
    })
  })
}

function at(index: number): string {
  return loadPosition(1, BigInt(index))
}

function column(name: string) {
  return { name, type: { kind: 'enum', values: ['a, b'] }, description: 'Any', contractColumn: name } as const
}

function shifts(version: number): CatalogTable {
  return {
    name: 'w.shifts',
    version,
    description: 'Shifts',
    owner: 'tests',
    source: 'public.shifts',
    primaryKey: ['id'],
    location: `lake/w/shifts_v${version}_history`,
    baseLocation: `lake/w/shifts_v${version}_base`,
    basePartitions: [{ name: 'day_month', column: 'day', rule: 'month' }],
    columns: [{ ...column('id'), type: { kind: 'bigint' } }],
  }
}

const shops: CatalogTable = {
  ...shifts(1),
  name: 'w.shops',
  source: 'public.shops',
  location: 'lake/w/shops_v1_history',
}

function base(build: number): Base {
  const file = { key: `lake/w/shifts_v1_base/day_month=2024-01/${build}.parquet`, rows: 3, bytes: 99 }
  return {
    build,
    position: at(build),
    openSince: '2024-01-02',
    historyFrom: at(1),
    folded: ['lake/w/shifts_v1_history/ingest_date=2024-01-02/a.parquet'],
    parts: [{ values: { day_month: '2024-01' }, files: [file] }],
    tombstones: [],
    rows: 3,
  }
}
