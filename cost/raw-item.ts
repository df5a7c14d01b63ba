import { meanUnits, writeUnits } from './units.ts'

/** What a page is in DynamoDB: items and their entries in the index, bytes of names and values, write units of the items. */
export interface RawItems {
  readonly items: number
  readonly bytes: number
  readonly units: number
}

/* As `state/raw-store/page-item.ts` and `state/item-parts.ts` cut it; a test holds them together. */
const INLINE_BYTES = 350 << 10
const PART_BYTES = 380 << 10
const POSITION_BYTES = 32
const DIGEST_BYTES = 16
const NUMBER_BYTES = 8

/** The items of a page, by its key (which begins with the table) and the bytes of its content. */
export function rawItemsOf(table: string, key: string, contentBytes: number): RawItems {
  const name = Buffer.byteLength(table)
  const keyBytes = Buffer.byteLength(key)
  return itemsOf(contentBytes, {
    /* Names of the attributes, then their values. */
    head:
      'pksktablefirstlastchangescommitteddigestexpires'.length +
      (name + 2) +
      (keyBytes - name - 1) +
      name +
      2 * POSITION_BYTES +
      3 * NUMBER_BYTES +
      DIGEST_BYTES,
    part:
      'pkskcontentexpires'.length +
      ('parts##'.length + DIGEST_BYTES + keyBytes) +
      'part-00000'.length +
      NUMBER_BYTES,
  })
}

/**
 * The items of a page whose key is not known: of a model, as the mean of pages of many sizes about this one. Each ends
 * anywhere in its last KiB: half of one is paid for nothing.
 */
export function modelledItems(contentBytes: number): RawItems {
  const { items, bytes, units } = itemsOf(contentBytes, { head: 330, part: 230 })
  return { items, bytes, units: items === 1 ? meanUnits(bytes) : units }
}

function itemsOf(
  contentBytes: number,
  { head, part }: { readonly head: number; readonly part: number },
): RawItems {
  if (contentBytes <= INLINE_BYTES) {
    const bytes = head + 'content'.length + contentBytes
    return { items: 1, bytes, units: writeUnits(bytes) }
  }
  const parts = Math.ceil(contentBytes / PART_BYTES)
  const last = contentBytes - (parts - 1) * PART_BYTES
  const units = writeUnits(head) + (parts - 1) * writeUnits(PART_BYTES + part) + writeUnits(last + part)
  return { items: 1 + parts, bytes: head + contentBytes + parts * part, units }
}
