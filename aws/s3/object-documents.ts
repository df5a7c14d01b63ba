import type * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { DocumentBody, Documents } from '../../core/ports/documents.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'

const PREFIX = 'state/'
const SUFFIX = '.json'

/** Documents of the state in a bucket: an object each, `state/<key>.json`. Keeps the guarantees of `Documents`. */
export class ObjectDocuments implements Documents {
  private readonly objects: Pick<ObjectStore, 'get' | 'put' | 'list'>

  constructor(objects: Pick<ObjectStore, 'get' | 'put' | 'list'>) {
    this.objects = objects
  }

  async get<S extends z.ZodType>(key: string, form: S): Promise<z.output<S> | undefined> {
    const name = nameOf(key)
    const content = await this.objects.get(name).catch((error: unknown) => {
      if (error instanceof PipelineError && error.code === 'objects/missing') return undefined
      throw error
    })
    if (content === undefined) return undefined
    try {
      return form.parse(JSON.parse(content.toString('utf8')))
    } catch (cause) {
      throw new PipelineError('objects/corrupt', name, { cause })
    }
  }

  async put(key: string, document: DocumentBody): Promise<void> {
    await this.objects.put(nameOf(key), Buffer.from(JSON.stringify(document)))
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = await this.objects.list(`${PREFIX}${prefix}`)
    return names.map((name) => name.slice(PREFIX.length, -SUFFIX.length))
  }
}

function nameOf(key: string): string {
  return `${PREFIX}${key}${SUFFIX}`
}
