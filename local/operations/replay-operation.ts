import type { Table } from '../../core/contract/language/table.ts'
import { versionOf } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ReplayResult } from '../../core/operations/answers.ts'
import type { Operation } from '../../core/operations/operations.ts'
import { requireEntry } from '../../core/ports/catalog-entry.ts'
import type { PositionRange } from '../../core/ports/ports.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'
import { releaseAccepted } from '../../engine/replay/release-accepted.ts'
import { type Replayed, replay } from '../../engine/replay/replay.ts'
import type { ReplayDeps } from '../../engine/replay/replay-deps.ts'
import { storedLoad } from '../../engine/replay/stored-load.ts'
import { routeOf } from '../../formatters/route.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import { newestLoad } from '../loads/land-kept-file.ts'
import { landLoadAgain } from '../loads/land-load-again.ts'
import { bookReplay } from '../replay/book-replay.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { checkContracts, onlyOf } from './check-contracts.ts'
import { findTable } from './find-table.ts'
import type { OperationContext, OperationParts } from './operation-parts.ts'

/** Replays a table with the newest version of its contract, or the one that is asked for. */
export async function runReplay(
  { table: name, version, from, to, isDryRun }: Operation<'replay'>,
  { pipeline, contracts, now, signal, onProgress }: OperationContext,
): Promise<ReplayResult> {
  const { tables, maskKey, ledger, folder, quarantine, raw } = pipeline
  const versions = tables.filter((table) => table.name === name || table.source.table === name)
  checkContracts(versions, onlyOf([name, ...versions.map((table) => table.name)], contracts))
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const table = findTable(versions, name, version)
  const route = routeOf(table, maskKey)
  const readers = tables.map((one) => ({ contract: versionOf(one), source: one.source.table }))
  const replayed = await replay(
    { route, range, isDryRun },
    {
      ...folderDeps(pipeline, table),
      now,
      isOver: () => signal.aborted,
      shown: async (shown, isOfContract) => {
        if (isOfContract) await releaseAccepted(route, rangeOf(shown), quarantine)
        await bookReplay(shown, table.source.table, { raw, root: folder.root, books: ledger, readers })
      },
      onProgress: ({ done, pages, rows, refused }) =>
        onProgress({ done, pages: pages ?? done, rows, refused }),
    },
  )
  if (replayed === undefined) throw new RangeError('nobody else chooses revisions in a run folder')
  return resultOf(replayed, isDryRun)
}

function folderDeps(
  pipeline: OperationParts,
  table: Table,
): Omit<ReplayDeps, 'now' | 'isOver' | 'shown' | 'onProgress'> {
  const { raw, quarantine, objects, catalog, documents, ledger, folder } = pipeline
  return {
    raw,
    quarantine,
    objects,
    catalog: {
      registerPartition: (...day) => catalog.registerPartition(...day),
      publishRevision: (...shown) => catalog.publishRevision(...shown),
      entry: async (name, version) => requireEntry(await catalog.entries(), { name, version }),
    },
    replays: new ReplayDocuments(documents),
    manifest: ledger,
    maxBlockBytes: MAX_ROW_JSON_BYTES,
    open: () => {
      const files = new FolderFiles(new FolderObjects(folder.root), folder.scratch)
      return { read: (key) => files.read(key), close: async () => undefined }
    },
    readBack: 'all',
    /* Operations of a run folder come one after the other. */
    alone: (choose) => choose(),
    loads: {
      stored: async (of, asked) =>
        storedLoad(of, asked, await new LoadDocuments(documents).all(), new FolderObjects(folder.root)),
      land: async (file, isDryRun) => {
        await refuseAltered(file.key, table, pipeline)
        return landLoadAgain(file, table, pipeline, isDryRun)
      },
    },
    extent: (_, range) => extentOf(raw, table.source.table, range),
  }
}

/* Its rows would take the place of those that were read. */
async function refuseAltered(key: string, { source }: Table, pipeline: OperationParts): Promise<void> {
  const { folder, documents } = pipeline
  const known = (await newestLoad(source.table, { documents }))?.files.find((file) => file.key === key)
  const files = new FolderFiles(new FolderObjects(folder.root), folder.scratch)
  if (known !== undefined && (await files.verify(known, 'digest')) === 'altered')
    throw new PipelineError('lake/unreadable', `${key} is not what was read: tidemark repair --file '${key}'`)
}

async function extentOf(raw: OperationParts['raw'], source: string, { from = '', to }: PositionRange) {
  let pages = 0
  let last = ''
  for await (const head of raw.heads(source, to === undefined ? {} : { to })) {
    if (head.lastPosition < from) continue
    pages += 1
    last = head.key
  }
  return { pages, last }
}

function rangeOf({ from, to }: Replayed['replay']): PositionRange {
  return { ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) }
}

function resultOf({ state, replay: made }: Replayed, isDryRun: boolean): ReplayResult {
  const { table, version, revision, changes, rows, refused, pages, done } = made
  return {
    table,
    version,
    revision: isDryRun ? null : revision,
    state: isDryRun ? 'dry run' : state,
    pages: pages ?? done,
    changes,
    rows,
    refused,
  }
}
