import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Feed } from '../../core/ledger/ledger.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder, syncFolder } from '../../engine/files/durable.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { journalsIn, readBooks } from '../ledger/stored-books.ts'
import { checkpointIn, writeCheckpoint } from '../state/checkpoint.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { type RebuildLedgerDeps, rebuildLedger } from './rebuild-ledger.ts'

/**
 * Pages that format is done with: by the checkpoint, or, where there is none, by the ledger, which knows of a page before the
 * checkpoint passes it. Throws `raw/corrupt` when the raw store has fewer.
 */
export async function formattedPages(folder: RunFolder, feed: Feed, log: Logger): Promise<number> {
  const stored = await checkpointIn(folder.checkpoint)
  const pages = stored ?? (await recordedPages(folder, feed))
  if (pages > feed.length)
    throw new PipelineError('raw/corrupt', `${pages} pages were formatted, the raw store has ${feed.length}`)
  if (stored === undefined && pages > 0) {
    await writeCheckpoint(folder.checkpoint, pages)
    log.warn('checkpoint.rebuilt', { pages })
  }
  return pages
}

/* Where neither is whole everything is formatted again, which changes nothing. */
async function recordedPages(folder: RunFolder, feed: Feed): Promise<number> {
  try {
    if ((await readBooks(folder.ledger)) === undefined) return 0
    const { book } = await FolderLedger.open(folder.ledger, { feed, formatted: 0, mode: 'read' })
    for (const place of book.folded.gaps(book.since, feed.length))
      if (!book.isRecorded(feed.header(place)?.key ?? '')) return place
    return feed.length
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'ledger/corrupt') return 0
    throw error
  }
}

/**
 * Opens the ledger of a folder. One that is damaged, or gone though pages were formatted, is written anew from what is there;
 * a damaged one is kept below `damaged/`. Throws what reading raw pages and the lake throws.
 */
export async function openLedger(
  deps: Omit<RebuildLedgerDeps, 'engine'> & { readonly log: Logger },
): Promise<FolderLedger> {
  const { folder, raw: feed, formatted, log } = deps
  const open = () => FolderLedger.open(folder.ledger, { feed, formatted })
  const isThere = (await journalsIn(folder.ledger)).length > 0
  try {
    if (isThere || formatted === 0) return await open()
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'ledger/corrupt') throw error
    log.warn('ledger.damaged', { reason: error.message })
  }
  log.warn('ledger.rebuild', { pages: formatted })
  await makeFolder(folder.scratch)
  const engine = await DuckEngine.open({ temporary: folder.scratch })
  try {
    await rebuildLedger({ ...deps, engine }, () => putAside(folder))
  } finally {
    engine.close()
  }
  return open()
}

async function putAside({ root, ledger, damaged }: RunFolder): Promise<void> {
  await makeFolder(damaged)
  const target = join(damaged, `${new Date().toISOString().replace(/[:.]/g, '-')}-ledger`)
  await rename(ledger, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await syncFolder(root)
}
