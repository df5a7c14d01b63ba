import { FolderLedger } from '../../local/ledger/folder-ledger.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { StateFile } from '../../local/state/state-file.ts'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'

/** Raw pages and ledger of a run folder, and the state file that they lie in. */
export interface OpenStores {
  readonly state: StateFile
  readonly raw: FolderRawStore
  readonly ledger: FolderLedger
  readonly close: () => Promise<void>
}

export async function openStores(root: string): Promise<OpenStores> {
  const state = await StateFile.open(runFolder(root))
  const raw = await FolderRawStore.in(state)
  const ledger = await FolderLedger.open({ items: state.ledger, raw })
  const close = async () => {
    await ledger.close()
    await state.close()
  }
  return { state, raw, ledger, close }
}
