import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ItemDocuments } from '../documents/item-documents.ts'
import { SqliteFile } from '../sqlite/sqlite-file.ts'
import { SqliteItems } from '../sqlite/sqlite-items.ts'
import { refuseOldForm } from './refuse-old-form.ts'
import type { RunFolder } from './run-folder.ts'

/** The state file of a run folder, open. One process writes, any number read beside it. */
export class StateFile {
  readonly raw: SqliteItems
  readonly ledger: SqliteItems
  readonly documents: ItemDocuments
  readonly quarantine: SqliteItems
  private readonly file: SqliteFile

  private constructor(file: SqliteFile) {
    this.file = file
    const codes = { unavailable: 'ledger/unavailable', damaged: 'run/damaged' } as const
    this.raw = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })
    this.ledger = new SqliteItems(file, 'ledger', { ...codes, damaged: 'ledger/corrupt' })
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

/* It is there before the first inventory is. */
async function refuseLost(root: string, path: string): Promise<void> {
  const names = await readdir(root).catch((): string[] => [])
  if (names.includes('inventory.json') && !names.includes(basename(path)))
    throw new PipelineError('run/damaged', `${path} is missing`)
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
  const state = await StateFile.open(folder, 'read')
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
