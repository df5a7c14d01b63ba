import { hash } from 'node:crypto'
import * as z from 'zod'
import type { Load, LoadLedger } from '../../core/load/load.ts'
import { byStart, failureDocument, loadDocument, loadedFile } from '../../core/load/load-document.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { FileResult } from '../../ingest/loads/advance-table.ts'
import { readEach } from './read-each.ts'

const LOADS = 'loads/'
const ID = /^[A-Za-z0-9-]{1,64}$/

const resultDocument = z.object({ file: loadedFile, failure: failureDocument.optional() })

/**
 * Loads as documents, one for each, whose parts are its tables; and one for each file that landed, where several land at
 * once: they write nothing that another one writes. Keeps the guarantees of `LoadLedger`.
 */
export class LoadDocuments implements LoadLedger {
  private readonly documents: Documents

  constructor(documents: Documents) {
    this.documents = documents
  }

  async save(load: Load): Promise<void> {
    await this.documents.put(keyOf(load.id), { format: 1, ...load }, 'tables')
  }

  async all(): Promise<readonly Load[]> {
    const loads = await readEach(await this.documents.list(LOADS), (key) => this.read(key))
    return loads.toSorted(byStart)
  }

  /** Undefined for a load that nobody started. */
  async load(id: string): Promise<Load | undefined> {
    return ID.test(id) ? this.read(keyOf(id)) : undefined
  }

  /** What became of a file; the last one of a key counts. */
  async saveResult(load: string, { file, failure }: FileResult): Promise<void> {
    await this.documents.put(resultKey(load, file.key), { file, failure })
  }

  /** What became of the files of a load; those that it knows to have landed are not read again. */
  async results({ id, tables }: Load): Promise<readonly FileResult[]> {
    const landed = tables.flatMap(({ files }) => files.filter(({ state }) => state === 'landed'))
    const known = new Set(landed.map(({ key }) => resultKey(id, key)))
    const others = (await this.documents.list(`load-files/${id}/`)).filter((key) => !known.has(key))
    return [
      ...landed.map((file) => ({ file })),
      ...(await readEach(others, (key) => this.documents.get(key, resultDocument))),
    ]
  }

  private async read(key: string): Promise<Load | undefined> {
    const found = await this.documents.get(key, loadDocument)
    if (found === undefined) return undefined
    const { format: _, ...load } = found
    return load
  }
}

function keyOf(id: string): string {
  return `${LOADS}${id}`
}

function resultKey(load: string, file: string): string {
  const digest = hash('sha256', file).slice(0, 32)
  return `load-files/${load}/${digest}`
}
