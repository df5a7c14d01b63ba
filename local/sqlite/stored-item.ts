import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Item, ItemKey, ItemValue } from '../../core/ports/item-table.ts'

/** The columns of an item, in the order of `columns`. */
export interface StoredItem {
  readonly pk: string
  readonly sk: string
  /** A JSON object of its texts and numbers, by name in order: equal items have equal text. */
  readonly attributes: string
  readonly digest: string
  readonly bytesName: string | null
  readonly bytesDigest: string | null
  readonly bytes: Uint8Array | null
}

/** An item as the file has it, which may be another than was written. */
export type FoundItem = StoredItem & { readonly seq: number }

const found = z.object({
  seq: z.number().int(),
  pk: z.string(),
  sk: z.string(),
  attributes: z.string(),
  digest: z.string(),
  bytesName: z.string().nullable(),
  bytesDigest: z.string().nullable(),
  bytes: z.instanceof(Uint8Array).nullable(),
})
const attributes = z.record(z.string(), z.union([z.string(), z.number().int()]))

/** Throws RangeError for what an item cannot be; `core/ports/item-table.ts` has the limits. */
export function storedItem({ pk, sk, ...rest }: Item): StoredItem {
  checkKey({ pk, sk })
  const entries = Object.entries<ItemValue>(rest)
  const [[bytesName, bytes] = [null, null], more] = entries.filter(isBytes)
  if (more !== undefined) throw new RangeError('an item has more than one attribute of bytes')
  const plain = entries.filter((entry) => !isBytes(entry)).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of plain)
    if (typeof value === 'string' ? !value.isWellFormed() : !Number.isSafeInteger(value))
      throw new RangeError(`attribute ${name} is no text and no whole number that is exact`)
  const item = {
    pk,
    sk,
    attributes: JSON.stringify(Object.fromEntries(plain)),
    bytesName,
    bytes,
    bytesDigest: bytes === null ? null : digestOf([bytes]),
  }
  return { ...item, digest: itemDigest(item) }
}

/** Throws RangeError for a key that no item can have. */
export function checkKey({ pk, sk }: ItemKey): void {
  for (const key of [pk, sk])
    if (key === '' || key.includes('\0') || !key.isWellFormed())
      throw new RangeError('a key is empty, has U+0000 or is no Unicode')
}

/** A row of the file; undefined for one that has other columns. */
export function foundItem(row: unknown): FoundItem | undefined {
  return found.safeParse(row).data
}

/** The item of a row, or undefined when it is not what was written; without its bytes where they were not read. */
export function itemOfRow(row: FoundItem, isBrief: boolean): Item | undefined {
  if (itemDigest(row) !== row.digest) return undefined
  const item = { pk: row.pk, sk: row.sk, ...attributes.parse(JSON.parse(row.attributes)) }
  if (isBrief || row.bytesName === null) return item
  if (row.bytes === null || digestOf([row.bytes]) !== row.bytesDigest) return undefined
  return { ...item, [row.bytesName]: row.bytes }
}

function itemDigest({
  pk,
  sk,
  attributes: text,
  bytesName,
  bytesDigest,
}: Omit<StoredItem, 'digest' | 'bytes'>) {
  return digestOf([pk, sk, text, bytesName ?? '', bytesDigest ?? ''])
}

/* The first 16 hex digits of the SHA-256, each part after its length. */
function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    hash.update(`${typeof part === 'string' ? Buffer.byteLength(part) : part.length}:`)
    hash.update(part)
  }
  return hash.digest('hex').slice(0, 16)
}

function isBytes(entry: readonly [string, ItemValue]): entry is [string, Uint8Array] {
  return entry[1] instanceof Uint8Array
}
