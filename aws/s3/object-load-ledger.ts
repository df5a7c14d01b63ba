import { createHash } from 'node:crypto'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load, LoadLedger } from '../../core/load/load.ts'
import { byStart, failureDocument, loadDocument, loadedFile } from '../../core/load/load-document.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import type { FileResult } from '../../ingest/loads/advance-table.ts'

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
    const loads = await inGroups(await this.objects.list(LOADS), (key) => this.read(key))
    return loads.flatMap((load) => load ?? []).sort(byStart)
  }

  /** Undefined for a load that nobody started. */
  async load(id: string): Promise<Load | undefined> {
    return ID.test(id) ? this.read(keyOf(id)) : undefined
  }

  /** What became of a file; the last one of a key counts. */
  async saveResult(load: string, result: FileResult): Promise<void> {
    await this.objects.put(resultKey(load, result.file.key), Buffer.from(JSON.stringify(result)))
  }

  /** What became of the files of a load; those that it knows to have landed are not read again. */
  async results({ id, tables }: Load): Promise<readonly FileResult[]> {
    const landed = tables.flatMap(({ files }) => files.filter(({ state }) => state === 'landed'))
    const known = new Set(landed.map(({ key }) => resultKey(id, key)))
    const others = (await this.objects.list(`${FILES}${id}/`)).filter((key) => !known.has(key))
    const found = await inGroups(others, async (key) =>
      parsed(key, resultDocument, await this.objects.get(key)),
    )
    return [...landed.map((file) => ({ file })), ...found]
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

function resultKey(load: string, file: string): string {
  const digest = createHash('sha256').update(file).digest('hex').slice(0, 32)
  return `${FILES}${load}/${digest}.json`
}

const AT_ONCE = 16

async function inGroups<T>(
  keys: readonly string[],
  read: (key: string) => Promise<T>,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let at = 0; at < keys.length; at += AT_ONCE)
    all.push(...(await Promise.all(keys.slice(at, at + AT_ONCE).map(read))))
  return all
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
