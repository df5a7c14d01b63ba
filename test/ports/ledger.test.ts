import { expect, onTestFinished } from 'vitest'
import type { PageName } from '../../core/page.ts'
import { openStores } from '../support/open-stores.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { walkedBalance } from '../support/walked-balance.ts'
import { contract, type LedgerUnderTest, ledgerContract, source } from './ledger.contract.ts'

ledgerContract('a folder', async (pages) => {
  const folder = await tempFolder()
  const { raw, close } = await openStores(folder)
  await raw.put(pages.map((page) => ({ ...page, committedAt: 0, content: Buffer.from(page.key) })))
  await close()
  return underTest(folder, pages)
})

async function underTest(folder: string, pages: readonly PageName[]): Promise<LedgerUnderTest> {
  const stores = await openStores(folder)
  const { raw, ledger, close } = stores
  onTestFinished(close)
  let isOver = false
  return {
    ledger,
    reopen: async () => {
      await close()
      return underTest(folder, pages)
    },
    overdue: async () => {
      await ledger.passTo(raw.length, [])
      ledger.caughtUp(ledger.mark())
      isOver = true
    },
    balance: async () => {
      const sums = ledger.balance({ contract, source })
      const { captured, landed, quarantined, inFlight, missing, redriven, balanced } = sums
      const known = { captured, landed, quarantined, inFlight, missing, redriven, balanced }
      /* What is kept as sums is what the records say one by one. */
      expect(await walkedBalance(stores, { contract, source }, isOver)).toMatchObject(known)
      return known
    },
    files: async (day) => (await ledger.files(day)).map(({ key }) => key),
  }
}
