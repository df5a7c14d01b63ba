import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { DocumentBody, Documents } from '../../core/ports/documents.ts'
import { type ItemKey, type ItemWrite, put, remove } from '../../core/ports/item-table.ts'
import type { FoundText, SqliteItems } from '../sqlite/sqlite-items.ts'

const DOCUMENTS = 'documents'
const PARTS = 'parts of '
const READ_ATTEMPTS = 20
/* Lists that are remembered: of documents that are written at the same time. */
const MOST_REMEMBERED = 16

const stored = z.object({
  document: z.string(),
  /** The member whose elements are items of their own, and how many of them there are. */
  parts: z.string().optional(),
  count: z.number().optional(),
})

/**
 * Documents of the state in the state file of a run folder: an item each, and one for each part; a put is one transaction.
 * Keeps the guarantees of `Documents`. Memory: the lists that were put last.
 */
export class ItemDocuments implements Documents {
  private readonly items: SqliteItems
  /** The parts of documents as they were last put here. */
  private readonly known = new Map<string, readonly unknown[]>()

  constructor(items: SqliteItems) {
    this.items = items
  }

  async get<S extends z.ZodType>(key: string, form: S): Promise<z.output<S> | undefined> {
    const value = await this.valueOf(key)
    if (value === undefined) return undefined
    const parsed = form.safeParse(value)
    if (parsed.success) return parsed.data
    throw new PipelineError(
      'run/bad-folder',
      `${this.items.path}: ${key} is not a document of this version`,
      {
        cause: parsed.error,
      },
    )
  }

  async put(key: string, document: DocumentBody, parts?: string): Promise<void> {
    if (parts === undefined)
      return this.items.write([put({ pk: DOCUMENTS, sk: key, document: JSON.stringify(document) })])
    const { [parts]: list, ...head } = document
    if (!Array.isArray(list)) throw new RangeError(`${parts} of ${key} is no list`)
    const before = this.known.get(key)
    const count = before?.length ?? (await this.headOf(key))?.count ?? 0
    const pk = `${PARTS}${key}`
    const writes: ItemWrite[] = []
    for (const [index, part] of list.entries())
      if (before === undefined || index >= count || part !== before[index])
        writes.push(put({ pk, sk: partKey(index), document: JSON.stringify(part) }))
    this.known.delete(key)
    await this.items.write([
      ...writes,
      ...Array.from({ length: Math.max(0, count - list.length) }, (_, more) =>
        remove(pk, partKey(list.length + more)),
      ),
      put({ pk: DOCUMENTS, sk: key, document: JSON.stringify(head), parts, count: list.length }),
    ])
    this.remember(key, list)
  }

  async list(prefix: string): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const { sk } of this.items.range(DOCUMENTS, { prefix })) keys.push(sk)
    return keys
  }

  /** Keys of the documents that are not what was written. */
  async damaged(): Promise<readonly string[]> {
    const keys = new Set<string>()
    for await (const item of this.items.damaged()) keys.add(documentOf(item))
    return [...keys]
  }

  /** The lines of a document as they are, whole or not. */
  async asFound(key: string): Promise<readonly string[]> {
    return (await this.itemsOf(key)).map(({ attributes }) => attributes)
  }

  /** Takes a document out, whole or not. */
  async takeOut(key: string): Promise<void> {
    const found = await this.itemsOf(key)
    await this.items.write(found.map(({ pk, sk }) => remove(pk, sk)))
    this.known.delete(key)
  }

  private async itemsOf(key: string): Promise<readonly FoundText[]> {
    const found: FoundText[] = []
    for await (const item of this.items.asFound()) if (documentOf(item) === key) found.push(item)
    return found
  }

  private async valueOf(key: string): Promise<object | undefined> {
    /* A later put may come between the two readings. */
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
      const head = await this.headOf(key)
      if (head === undefined) return undefined
      const value: object = JSON.parse(head.document)
      if (head.parts === undefined) return value
      const list: unknown[] = []
      for await (const { document } of this.items.range(`${PARTS}${key}`))
        list.push(JSON.parse(String(document)))
      if (list.length === head.count) return { ...value, [head.parts]: list }
    }
    throw new PipelineError('run/damaged', `${this.items.path}: parts of ${key} are missing`)
  }

  private async headOf(key: string): Promise<z.output<typeof stored> | undefined> {
    const item = await this.items.get({ pk: DOCUMENTS, sk: key })
    return item === undefined ? undefined : stored.parse(item)
  }

  private remember(key: string, list: readonly unknown[]): void {
    this.known.set(key, list)
    const [oldest] = this.known.keys()
    if (this.known.size > MOST_REMEMBERED && oldest !== undefined) this.known.delete(oldest)
  }
}

/* The key of the document that an item is of; of an item that is none, what it says it is. */
function documentOf({ pk, sk }: ItemKey): string {
  if (pk === DOCUMENTS) return sk
  return pk.startsWith(PARTS) ? pk.slice(PARTS.length) : `${pk} ${sk}`
}

function partKey(index: number): string {
  return String(index).padStart(6, '0')
}
