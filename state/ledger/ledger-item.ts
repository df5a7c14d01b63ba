import * as z from 'zod'
import {
  printAnyVersion,
  printTableVersion,
  readTableVersion,
  type TableVersion,
  tableVersionKey,
} from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  blockId,
  type ManifestFile,
  type NamedBlock,
  type PageRecord,
  type PageShare,
} from '../../core/ledger/ledger.ts'
import { type PageName, pageOfKey } from '../../core/page.ts'
import { type ItemKey, type ItemPut, type ItemShape, put } from '../../core/ports/item-table.ts'
import { placeOfPage } from '../raw-store/page-item.ts'

/*
 * Keys of the ledger's items. A page's items have the place of the page in the raw table, so both are read side by side;
 * `!` sorts before every character of a page's key, so what says more of a page follows it at once.
 */
export const MARK = '!'
export const LANDED = '!landed!'
export const REPLAYED = '!replayed!'
export const DAYS = 'days'
export const LOADS = 'loads'
export const ASIDE = 'aside'

export const pagePartition = (partition: string) => `page#${partition}`
export const redrivePartition = (contract: string) => `redrive#${contract}`
export const objectPartition = (object: string) => `object#${object}`
/** Objects that were landed, by the folder they lie in: an hour of Firehose. */
export const landedPartition = (object: string) => `landed#${object.slice(0, object.lastIndexOf('/'))}`
export const dayName = ({ table, version, day }: { table: string; version: number; day: string }) =>
  `${tableVersionKey({ name: table, version })}#${day}`
export const filesPartition = (day: string) => `files#${day}`

/** When what is written of a page goes by itself; nothing where it stays. */
export interface Expiry {
  readonly expires?: number
}

/** When something was written down, epoch milliseconds, and when it goes. */
export interface Stamp {
  readonly at: number
  readonly more: Expiry
}

const count = z.number().int().min(0)
const storedBlock = z.union([
  z.tuple([count, count, count, z.string()]),
  z.tuple([count, count, count, z.string(), z.string(), z.string()]),
])
/** A contract as it is stored: here alone it is text. */
export const storedContract = z.string().transform((text, context): TableVersion => {
  const found = readTableVersion(text)
  if (found !== undefined) return found
  context.addIssue('no contract')
  return z.NEVER
})
const storedShares = z.array(z.tuple([storedContract.nullable(), count, count, count, z.array(storedBlock)]))
type StoredShares = z.input<typeof storedShares>

/** Where the items of a page lie; undefined for a name that is no key of a page. */
export function placeInLedger(key: string, shape: ItemShape): ItemKey | undefined {
  const page = pageOfKey(key)
  if (page === undefined) return undefined
  const { pk, sk } = placeOfPage(page, shape)
  return { pk: pagePartition(pk), sk }
}

/** What format made of a page, in one item. Throws `ledger/too-large` beyond what an item holds. */
export function recordItem(record: PageRecord, { at, more }: Stamp, shape: ItemShape): ItemPut {
  const place = placeInLedger(record.page, shape)
  if (place === undefined) throw new RangeError(`${record.page} is no key of a page`)
  const shares = JSON.stringify(record.shares.map((share) => storedShare(share, record)))
  if (Buffer.byteLength(shares) > shape.inlineBytes)
    throw new PipelineError(
      'ledger/too-large',
      `${record.page}: ${Buffer.byteLength(shares)} bytes of blocks`,
    )
  return put({ ...place, shares, at, ...more })
}

/** The mark that a block has landed; undefined for one that no page and no redrive waits for. */
export function landedItem(block: NamedBlock, more: Expiry, shape: ItemShape): ItemPut | undefined {
  if (block.origin === 'replay') return undefined
  if (block.origin === 'redrive')
    return put({
      pk: redrivePartition(printTableVersion(block.contract)),
      sk: `${redriveName(block)}${LANDED}`,
      ...more,
    })
  const place = placeInLedger(block.page, shape)
  if (place === undefined) return undefined
  const { contract, ordinal, digest } = block
  return put({
    pk: place.pk,
    sk: `${place.sk}${LANDED}${printTableVersion(contract)}|${ordinal}|${digest}`,
    ...more,
  })
}

/** The name of a redriven block among those of its contract. */
export function redriveName({ first, digest }: NamedBlock): string {
  return `${first}#${digest}`
}

/** The id of a landed block by the rest of its mark's sort key. */
export function landedId(page: string, rest: string): string {
  return `page|${page}|${rest}`
}

/* Positions only where they are not those of the page: most items stay within one write unit so. */
function storedShare(
  { contract, refused, fresh, filtered, blocks }: PageShare,
  page: PageRecord,
): StoredShares[number] {
  return [
    printAnyVersion(contract),
    refused,
    fresh,
    filtered,
    blocks.map(({ ordinal, changes, rows, digest, first, last }) =>
      first === page.firstPosition && last === page.lastPosition
        ? [ordinal, changes, rows, digest]
        : [ordinal, changes, rows, digest, first, last],
    ),
  ]
}

/** Throws `ledger/corrupt` for a text that `recordItem` did not write. */
export function sharesOf(text: string, page: PageName): readonly PageShare[] {
  return parsed(storedShares, text).map(([contract, refused, fresh, filtered, blocks]) => ({
    contract,
    refused,
    fresh,
    filtered,
    blocks: blocks.flatMap(([ordinal, changes, rows, digest, first, last]) => {
      /* What no contract reads is refused, all of it. */
      if (contract === null) return []
      const label = { origin: 'page' as const, page: page.key, ordinal, changes, rows, digest }
      return [{ contract, ...label, first: first ?? page.firstPosition, last: last ?? page.lastPosition }]
    }),
  }))
}

const redrive = z.object({
  contract: storedContract,
  ordinal: count,
  changes: count,
  rows: count,
  first: z.string(),
  last: z.string(),
  digest: z.string(),
})

/** A redriven block that delivery has. */
export function redriveItem(block: NamedBlock, { at, more }: Stamp): ItemPut {
  const { ordinal, changes, rows, first, last, digest } = block
  const contract = printTableVersion(block.contract)
  const text = JSON.stringify({ contract, ordinal, changes, rows, first, last, digest })
  return put({ pk: redrivePartition(contract), sk: redriveName(block), block: text, at, ...more })
}

export function redriveOf(text: string): NamedBlock {
  return { ...parsed(redrive, text), origin: 'redrive', page: '' }
}

const file = z.object({
  rows: count,
  bytes: count,
  first: z.string().nullable(),
  last: z.string().nullable(),
  sha256: z.string().optional(),
})

/** A history file that must be there. */
export function fileItem(day: string, { key, ...rest }: ManifestFile): ItemPut {
  const { rows, bytes, sha256, first, last } = rest
  const text = JSON.stringify({ rows, bytes, sha256, first, last })
  return put({ pk: filesPartition(day), sk: key, file: text })
}

export function fileOf(key: string, text: string): ManifestFile {
  return { key, ...parsed(file, text) }
}

/** A block in an object that is set aside. */
export function objectBlockItem(object: string, block: NamedBlock, more: Expiry): ItemPut {
  return put({ pk: objectPartition(object), sk: blockId(block), ...more })
}

/** Throws `ledger/corrupt` for a text of another form. */
export function parsed<T>(shape: z.ZodType<T, unknown>, text: string): T {
  try {
    return shape.parse(JSON.parse(text))
  } catch (cause) {
    throw new PipelineError('ledger/corrupt', 'an item of the ledger has another form', { cause })
  }
}
