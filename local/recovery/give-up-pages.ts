import { CHECKPOINT } from '../ledger/live-items.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { StateFile } from '../state/state-file.ts'
import { FolderRawStore } from '../stores/folder-raw-store.ts'
import { keepPage } from '../stores/keep-page.ts'

/**
 * Takes those of some pages out of a folder that this process alone may write which are damaged and which format has not come
 * to: it would end there at each start. What is there of them is kept below `damaged/`. Gives their keys; who calls has their
 * tables read again.
 */
export async function giveUpPages(pages: readonly string[], folder: RunFolder): Promise<ReadonlySet<string>> {
  const givenUp = new Set<string>()
  if (pages.length === 0) return givenUp
  const state = await StateFile.open(folder)
  try {
    const raw = await FolderRawStore.in(state)
    const checkpoint = Number(state.ledger.peek(CHECKPOINT)?.['pages'] ?? 0)
    for (const key of pages) {
      if ((raw.offsetOf(key) ?? 0) <= checkpoint || (await raw.isWhole(key))) continue
      await keepPage(key, { raw, ledger: { checkpoint }, folder }, Date.now)
      givenUp.add(key)
    }
    return givenUp
  } finally {
    await state.close()
  }
}
