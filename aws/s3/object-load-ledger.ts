import { createHash } from 'node:crypto'
import * as z from 'zod'
import { PipelineError } from '../../core/failures.ts'
import type { Load, LoadLedger } from '../../core/load.ts'
import { byStart, failureDocument, loadDocument, loadedFile } from '../../core/load-document.ts'
import type { ObjectStore } from '../../core/ports.ts'
import type { FileResult } from '../../ingest/advance-load.ts'

const LOADS = 'state/loads/'
const FILES = 'state/load-files/'
const ID = /^[A-Za-z0-9-]{1,64}$/

const resultDocument = z.object({ file: loadedFile, failure: failureDocument.optional() })

/**
 * Loads in a bucket: an object for each, and one for each file that landed, so that those who land write nothing that
 * another one writes. Keeps the guarantees of `LoadLedger`.
 */
export class ObjectLoadLedger implements LoadLedger {
  private readonly objects: Pick<ObjectStore, 'get' | 'put' | 'list'>

  constructor(objects: Pick<ObjectStore, 'get' | 'put' | 'list'>) {
    this.objects = objects
  }

  async save(load: Load): Promise<void> {
    await this.objects.put(keyOf(load.id), Buffer.from(JSON.stringify({ format: 1, ...load })))
  }

  async all(): Promise<readonly Load[]> {
    const loads: Load[] = []
    for (const key of await this.objects.list(LOADS)) {
      const load = await this.read(key)
      if (load !== undefined) loads.push(load)
    }
    return loads.sort(byStart)
  }

  /** Undefined for a load that nobody started. */
  async load(id: string): Promise<Load | undefined> {
    return ID.test(id) ? this.read(keyOf(id)) : undefined
  }

  /** What became of a file; the last one of a key counts. */
  async saveResult(load: string, result: FileResult): Promise<void> {
    const digest = createHash('sha256').update(result.file.key).digest('hex').slice(0, 32)
    await this.objects.put(`${FILES}${load}/${digest}.json`, Buffer.from(JSON.stringify(result)))
  }

  async results(load: string): Promise<readonly FileResult[]> {
    const results: FileResult[] = []
    for (const key of await this.objects.list(`${FILES}${load}/`))
      results.push(parsed(key, resultDocument, await this.objects.get(key)))
    return results
  }

  private async read(key: string): Promise<Load | undefined> {
    const content = await this.objects.get(key).catch((error: unknown) => {
      if (error instanceof PipelineError && error.code === 'objects/missing') return undefined
      throw error
    })
    if (content === undefined) return undefined
    const { format: _, ...load } = parsed(key, loadDocument, content)
    return load
  }
}

function keyOf(id: string): string {
  return `${LOADS}${id}.json`
}

function parsed<T extends z.ZodType>(key: string, document: T, content: Buffer): z.output<T> {
  try {
    return document.parse(JSON.parse(content.toString('utf8')))
  } catch (cause) {
    throw new PipelineError('objects/corrupt', key, { cause })
  }
}
