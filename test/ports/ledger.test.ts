import { onTestFinished } from 'vitest'
import type { Feed } from '../../core/ledger/ledger.ts'
import type { PageName } from '../../core/page.ts'
import { FolderLedger } from '../../local/ledger/folder-ledger.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { contract, type LedgerUnderTest, ledgerContract, source } from './ledger.contract.ts'

ledgerContract('a folder', async (pages) => underTest(await tempFolder(), pages))

async function underTest(folder: string, pages: readonly PageName[]): Promise<LedgerUnderTest> {
  const places = new Map(pages.map(({ key }, place) => [key, place]))
  const feed: Feed = {
    length: pages.length,
    header: (place) => pages[place],
    placeOf: (page) => places.get(page),
  }
  const ledger = await FolderLedger.open(folder, { feed, formatted: 0, journalBytes: 500 })
  onTestFinished(() => ledger.close())
  return {
    ledger,
    reopen: async () => {
      await ledger.close()
      return underTest(folder, pages)
    },
    overdue: async () => {
      ledger.settled(pages.length)
      ledger.caughtUp(ledger.mark())
    },
    balance: async () => {
      const sums = ledger.balance({ contract, source })
      const { captured, landed, quarantined, inFlight, missing, redriven, balanced } = sums
      return { captured, landed, quarantined, inFlight, missing, redriven, balanced }
    },
    files: async (day) => (await ledger.files(day)).map(({ key }) => key),
  }
}
