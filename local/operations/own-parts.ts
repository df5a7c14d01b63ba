import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { type PageName, pageOfKey } from '../../core/page.ts'
import { isBelowFloors } from '../../core/ports/catalog-entry.ts'
import type { Loss, OwnParts } from '../../engine/repair/repair-parts.ts'
import { landKeptFile } from '../loads/land-kept-file.ts'
import { RunState } from '../state/run-state.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { keepPage } from '../stores/keep-page.ts'
import { moveAside } from '../stores/move-aside.ts'
import type { OperationContext, OperationParts } from './operation-parts.ts'

type RevisionOf = (table: Table) => Promise<number>

/** What a repair can do where the lake's files, the raw store and the source's loads are one owner's. */
export function ownParts(context: OperationContext, revisionOf: RevisionOf): OwnParts {
  const { pipeline } = context
  const { folder, catalog, quarantine, documents, ledger, objects, tables, maskKey } = pipeline
  const kept = { folder, catalog, quarantine, documents, ledger, objects, tables, maskKey }
  return {
    isWhole: async ({ file }) =>
      file.sha256 !== undefined &&
      (await new FolderFiles(new FolderObjects(folder.root), folder.scratch).verify(file, 'digest')) ===
        'whole',
    putAside: (file) => moveAside(folder.root, file),
    isOutranked: async ({ table, file }) =>
      table !== undefined &&
      file.last !== null &&
      isBelowFloors(await catalog.entries(), { table, lastPosition: file.last }),
    landLoadFile: (key, options) => landKeptFile(key, options, { ...kept, now: context.now, revisionOf }),
    losePage: (page, isDryRun) => losePage(page, isDryRun, context),
    readAgain: (table) => readAgain(table, context),
    settled: (object) => quarantine.release([`landing#${object}`], 'redriven'),
  }
}

const LOST = 'it is lost or damaged'

async function losePage(page: string, isDryRun: boolean, context: OperationContext): Promise<Loss> {
  const name = pageOfKey(page)
  if (name === undefined) return { state: 'failed', message: 'it is no key of a page' }
  const { table } = name
  const isGivenUp = context.givenUp?.has(page) === true
  const loss = await lossOf(name, isGivenUp, context.pipeline)
  if (loss !== undefined) return loss
  if (isDryRun) return { state: 'done', message: `${LOST}: ${table} read again` }
  await keepPage(page, context.pipeline, context.now)
  return { state: 'done', message: `${LOST}: ${await readAgain(table, context)}` }
}

/* Undefined for a page whose changes count and can only come from the source again. */
async function lossOf(
  name: PageName,
  isGivenUp: boolean,
  { raw, ledger, catalog }: OperationParts,
): Promise<Loss | undefined> {
  const offset = raw.offsetOf(name.key)
  const isFormatted = (await ledger.records.page(name.key))?.formatted !== undefined
  if (offset === undefined && !isFormatted && !isGivenUp)
    return { state: 'failed', message: 'neither the raw store nor the ledger knows such a page' }
  if (isBelowFloors(await catalog.entries(), name))
    return { state: 'done', message: 'nothing is lost with it: its table was made anew since' }
  if (offset !== undefined && offset > ledger.checkpoint)
    return { state: 'failed', message: 'format comes to it next: stop the run, then repair it' }
  return undefined
}

/* Of the running process the load begins at once; without one it is on disk that another load is due. */
async function readAgain(table: string, { pipeline, running, now }: OperationContext): Promise<string> {
  if (running !== undefined) {
    try {
      const { id } = await running.runner.start({ tables: [table] })
      return `${table} is read again by load ${id}`
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'load/busy') throw error
      return `${table} is being read again already`
    }
  }
  const known = await RunState.read(pipeline.documents)
  if (known === undefined) throw new PipelineError('run/not-found', `no run in ${pipeline.folder.root}`)
  await new RunState(pipeline.documents, known).markStale(table, 'repair', now())
  return `${table} is read again when \`tidemark dev\` next runs in the folder`
}
