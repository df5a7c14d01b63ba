import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ItemDocuments } from '../documents/item-documents.ts'
import { SqliteFile } from '../sqlite/sqlite-file.ts'
import { SqliteItems } from '../sqlite/sqlite-items.ts'
import { FolderCatalog } from './folder-catalog.ts'
import { refuseOldForm } from './refuse-old-form.ts'
import type { RunFolder } from './run-folder.ts'
import { RunState, type RunStateData } from './run-state.ts'

/** The state file of a run folder, open. One process writes, any number read beside it. */
export class StateFile {
  readonly raw: SqliteItems
  readonly ledger: SqliteItems
  readonly catalog: FolderCatalog
  readonly documents: ItemDocuments
  readonly quarantine: SqliteItems
  private readonly file: SqliteFile

  private constructor(file: SqliteFile) {
    this.file = file
    const codes = { unavailable: 'ledger/unavailable', damaged: 'run/damaged' } as const
    this.raw = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })
    this.ledger = new SqliteItems(file, 'ledger', { ...codes, damaged: 'ledger/corrupt' })
    this.catalog = new FolderCatalog(new SqliteItems(file, 'catalog', codes))
    this.documents = new ItemDocuments(new SqliteItems(file, 'documents', codes))
    this.quarantine = new SqliteItems(file, 'quarantine', { ...codes, unavailable: 'quarantine/unavailable' })
  }

  /** Throws `run/damaged`, `run/bad-folder`, and `ledger/unavailable` for what the system refuses. */
  static async open(
    { items: path }: Pick<RunFolder, 'items'>,
    mode: 'read' | 'write' = 'write',
  ): Promise<StateFile> {
    const root = dirname(path)
    await refuseOldForm(root)
    if (mode === 'read') await refuseLost(root, path)
    return new StateFile(await (mode === 'write' ? SqliteFile.open(path) : SqliteFile.openBeside(path)))
  }

  /** Makes what was deleted unreadable. */
  scrub(): void {
    this.file.scrub()
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

/* It is there before the first inventory and the first file of the lake are. */
async function refuseLost(root: string, path: string): Promise<void> {
  const names = await readdir(root).catch((): string[] => [])
  const isBegun = names.includes('inventory.json') || names.includes('lake')
  if (isBegun && !names.includes(basename(path))) throw new PipelineError('run/damaged', `${path} is missing`)
}

/** What the run of a folder knows of its source, beside whatever runs there; undefined where none has begun. */
export function storedRun(folder: Pick<RunFolder, 'items'>): Promise<RunStateData | undefined> {
  return readDocuments(folder, (documents) => RunState.read(documents))
}

/** The catalog of a run folder, beside whatever runs there. */
export function storedEntries(folder: Pick<RunFolder, 'items'>): Promise<readonly CatalogEntry[]> {
  return readState(folder, ({ catalog }) => catalog.entries())
}

/** The loads of a run folder, beside whatever runs there. */
export function storedLoads(folder: Pick<RunFolder, 'items'>): Promise<readonly Load[]> {
  return readDocuments(folder, (documents) => new LoadDocuments(documents).all())
}

/** Reads the state of a run folder, beside whatever runs there. */
export async function readState<T>(
  folder: Pick<RunFolder, 'items'>,
  work: (state: StateFile) => Promise<T>,
): Promise<T> {
  return withState(await StateFile.open(folder, 'read'), work)
}

/** Changes the state of a run folder that this process alone may write. */
export async function writeState<T>(
  folder: Pick<RunFolder, 'items'>,
  work: (state: StateFile) => Promise<T>,
): Promise<T> {
  return withState(await StateFile.open(folder), work)
}

async function withState<T>(state: StateFile, work: (state: StateFile) => Promise<T>): Promise<T> {
  try {
    return await work(state)
  } finally {
    await state.close()
  }
}

/** Reads documents of a run folder, beside whatever runs there. */
export function readDocuments<T>(
  folder: Pick<RunFolder, 'items'>,
  work: (documents: ItemDocuments) => Promise<T>,
): Promise<T> {
  return readState(folder, ({ documents }) => work(documents))
}
