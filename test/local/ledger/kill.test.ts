import { expect, test } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'
import { faultsAfter, killLedger } from './kill-ledger.ts'

test('G1 G10 after kill -9 every page, record and block that was told is there, and the sums are those of what is there', async () => {
  const folder = await tempFolder()
  for (const steps of [3, 40]) {
    const told = await killLedger(folder, steps)
    expect(told.length).toBeGreaterThanOrEqual(steps)
    expect(await faultsAfter(folder, told)).toEqual([])
  }
}, 30_000)
