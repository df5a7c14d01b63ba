import { describe, expect, test } from 'vitest'
import type { Load, LoadLedger } from '../../core/load/load.ts'
import { loadPosition } from '../../core/position.ts'

export interface LoadLedgerUnderTest {
  readonly ledger: LoadLedger
  /** Another instance, as another process would open it. */
  reopen(): Promise<LoadLedger>
}

/** What every load ledger keeps; `make` gives an empty one for each test. */
export function loadLedgerContract(name: string, make: () => Promise<LoadLedgerUnderTest>): void {
  describe(`${name} as a load ledger`, () => {
    test('has no loads before the first one', async () => {
      expect(await (await make()).ledger.all()).toEqual([])
    })

    test('G10 a load is there, whole, for whoever opens it after the save', async () => {
      const { ledger, reopen } = await make()
      await ledger.save(load('b', '2026-03-02T08:00:00.000Z'))
      expect(await (await reopen()).all()).toEqual([load('b', '2026-03-02T08:00:00.000Z')])
    })

    test('the last save of a load wins, and loads come in the order they were started', async () => {
      const { ledger } = await make()
      const [late, early] = [load('a', '2026-03-02T09:00:00.000Z'), load('z', '2026-03-02T08:00:00.000Z')]
      await ledger.save(late)
      await ledger.save(early)
      const done = {
        ...early,
        tables: early.tables.map((table) => ({ ...table, state: 'complete' as const })),
      }
      await ledger.save(done)
      expect(await ledger.all()).toEqual([done, late])
    })
  })
}

/** A load of one table that has landed a file. */
export function load(id: string, startedAt: string): Load {
  return {
    id,
    startedAt,
    window: '22:00-04:00',
    tables: [
      {
        table: 'public.shifts',
        state: 'failed',
        oid: 7,
        position: loadPosition(1, 9n),
        estimatedRows: null,
        rows: 3,
        bytes: 99,
        isRead: true,
        startedAt,
        endedAt: null,
        failure: { code: 'load/audit', message: 'counts' },
        files: [
          {
            key: `landing/loads/${id}/public/shifts/LOAD00000001.parquet`,
            rows: 3,
            bytes: 99,
            state: 'landed',
            landed: { 'w.shifts v1': 2 },
            refused: { 'w.shifts v1': 1 },
            history: ['lake/w/a.parquet'],
          },
        ],
      },
    ],
  }
}
