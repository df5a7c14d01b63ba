import { expect, test } from 'vitest'
import type { LoadFileRecord } from '../../core/ledger/ledger.ts'
import { LoadFileTotals } from '../../core/ledger/load-file-totals.ts'

const file = (key: string, landed: number, refused: number): LoadFileRecord => ({
  ...{ load: 'l', key, table: 's.t', rows: landed + refused, files: [] },
  ...{ landed: { 's.t v1': landed }, refused: { 's.t v1': refused } },
})

test('a file that is recorded again counts once, as the newer record says', () => {
  const totals = new LoadFileTotals([file('a', 5, 0), file('b', 2, 1)])
  totals.record(file('a', 3, 4))
  expect(totals.of('s.t v1')).toEqual({ rows: 10, landed: 5, quarantined: 5 })
  expect(totals.of('s.t v2')).toEqual({ rows: 0, landed: 0, quarantined: 0 })
  expect([...totals.all()].map(({ key }) => key)).toEqual(['a', 'b'])
})

test('a contract that only refused rows of a file has its rows', () => {
  const totals = new LoadFileTotals([{ ...file('a', 0, 2), landed: {} }])
  expect(totals.of('s.t v1')).toEqual({ rows: 2, landed: 0, quarantined: 2 })
})
