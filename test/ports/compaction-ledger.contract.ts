import { describe, expect, test } from 'vitest'
import type { CompactionLedger, CompactionRecord } from '../../lake/compaction/plan/compaction-ledger.ts'
import { runs } from '../support/budget.ts'

export interface CompactionLedgerUnderTest {
  readonly ledger: CompactionLedger
  /** Another instance, as another process would open it. */
  reopen(): Promise<CompactionLedger>
}

/** What every compaction ledger keeps; `make` gives an empty one for each test. */
export function compactionLedgerContract(name: string, make: () => Promise<CompactionLedgerUnderTest>): void {
  describe(`${name} as a compaction ledger`, () => {
    test('has no record before the first save', async () => {
      expect(await (await make()).ledger.read('w.shifts', 1)).toBeUndefined()
    })

    test('keeps the last record of each table version, whole, across a restart', async () => {
      const { ledger, reopen } = await make()
      await ledger.save(record('w.shifts', 1, 1))
      await ledger.save(record('w.shifts', 2, 7))
      await ledger.save(record('w.shifts', 1, 2))
      expect(await (await reopen()).read('w.shifts', 1)).toMatchObject(record('w.shifts', 1, 2))
      expect(await (await reopen()).read('w.shifts', 2)).toMatchObject(record('w.shifts', 2, 7))
      expect(await (await reopen()).read('w.shops', 1)).toBeUndefined()
    })

    test('keeps a record as large as a table with many retired files has', async () => {
      const { ledger, reopen } = await make()
      const retired = Array.from({ length: runs(20_000) }, (_, index) => ({
        key: `lake/w/shifts_v1_base/${index}.parquet`,
        build: index,
        at: index,
        reason: 'replaced' as const,
      }))
      await ledger.save({ ...record('w.shifts', 1, 1), retired })
      expect((await (await reopen()).read('w.shifts', 1))?.retired).toEqual(retired)
    })
  })
}

function record(table: string, version: number, build: number): CompactionRecord {
  return {
    table,
    version,
    historySince: build > 1 ? '2024-01-02' : null,
    builds: [{ build, floor: build > 1 ? '0001-0000000000000001-0000000000' : null }],
    retired: [{ key: 'lake/a.parquet', build, at: 12, reason: 'merged' }],
    begunAt: build,
    foldedAt: build > 1 ? 5 : null,
    failure: build > 1 ? null : { at: 6, code: 'lake/audit', message: 'rows' },
  }
}
