import { hash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { makeFolder, replaceFile } from '../../engine/files/durable.ts'
import type { RunFolder } from '../state/run-folder.ts'
import type { FolderRawStore } from './folder-raw-store.ts'

/**
 * Takes a page out of the raw store and keeps what is there of it below `damaged/`: nobody can read it, and who reads the
 * pages after it can go on. One that format has not come to is captured no more. One that is not there is none.
 */
export async function keepPage(
  key: string,
  {
    raw,
    ledger,
    folder,
  }: { raw: FolderRawStore; ledger: { readonly checkpoint: number }; folder: RunFolder },
  now: () => number,
): Promise<void> {
  const found = raw.asFound(key)
  if (found === undefined) return
  const at = new Date(now()).toISOString().replace(/[:.]/g, '-')
  const path = join(folder.damaged, at, 'state.db', `raw-${hash('sha256', key).slice(0, 16)}.json`)
  await makeFolder(dirname(path))
  const { bytes, ...item } = found
  await replaceFile(path, [Buffer.from(`${JSON.stringify({ ...item, bytes: bytes?.toString('base64') })}\n`)])
  await raw.takeOut(key, { isCounted: (raw.offsetOf(key) ?? 0) <= ledger.checkpoint })
}
