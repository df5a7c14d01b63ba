import * as z from 'zod'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { groupBy } from '../../core/group-by.ts'
import { blockId, type LandedObject, type NamedBlock } from '../../core/ledger/ledger.ts'
import { type PageName, pageOfKey } from '../../core/page.ts'
import { type Item, type ItemPut, type ItemShape, put } from '../../core/ports/item-table.ts'
import type { Position } from '../../core/position.ts'
import { digestOf } from '../item-parts.ts'
import { MARK, parsed, type Stamp, storedContract } from './ledger-item.ts'

/*
 * What an object brought of the pages of one source table, in one item: a page of few changes costs no item of its own. The
 * item lies at the first of its pages, and none of them is beyond the reach of positions that the first one is in, so who
 * reads a range of pages begins at a reach and misses none.
 */
export const blocksPartition = (table: string) => `blocks#${table}`

/* Of a position: its epoch and its LSN without the last 28 bits, 256 MiB of log. */
const REACH = 14
const LANDED = 'landed'
const ASIDE = 'aside'

/** Where the items begin that may have blocks of a page that begins at a position. */
export function reachOf(position: Position): string {
  return position.slice(0, REACH)
}

/** A block that an object brought, as the ledger has it. */
export interface BroughtBlock {
  readonly page: PageName
  readonly id: string
  /** False for an object that was set aside. */
  readonly isLanded: boolean
  /** The block, where it is the record of its page. */
  readonly record: NamedBlock | undefined
  /** When it was written down, epoch milliseconds. */
  readonly at: number
}

const count = z.number().int().min(0)
/* Page, contract, ordinal, digest; of the record of a page its rows, too. */
const label = [z.string(), storedContract, count, z.string()] as const
const storedBlocks = z.array(z.union([z.tuple([...label]), z.tuple([...label, count])]))
type Stored = z.input<typeof storedBlocks>[number]

/** The items of the blocks of pages that landed in an object. */
export function landedItems(landed: Pick<LandedObject, 'object' | 'blocks'>, stamp: Stamp, shape: ItemShape) {
  return itemsOf(LANDED, landed, stamp, shape)
}

/** The items of the blocks that are the records of their pages, in an object that is set aside. */
export function asideItems(
  { object, blocks }: Pick<LandedObject, 'object' | 'blocks'>,
  stamp: Stamp,
  shape: ItemShape,
) {
  const records = blocks.filter(({ isRecord }) => isRecord === true)
  return itemsOf(ASIDE, { object, blocks: records }, stamp, shape)
}

function itemsOf(
  kind: typeof LANDED | typeof ASIDE,
  { object, blocks }: Pick<LandedObject, 'object' | 'blocks'>,
  { at, more }: Stamp,
  shape: ItemShape,
): readonly ItemPut[] {
  const known = blocks.flatMap((block) => {
    const page = block.origin === 'page' ? pageOfKey(block.page) : undefined
    return page === undefined ? [] : [{ page, stored: storedOf(block, page) }]
  })
  const name = `${MARK}${kind}${MARK}${digestOf(Buffer.from(object))}`
  const groups = groupBy(known, ({ page }) => `${page.table}#${reachOf(page.firstPosition)}`)
  return [...groups.values()].flatMap((group) =>
    chunksOf(group.map(({ stored }) => stored).toSorted(byPage), shape.inlineBytes).map((chunk, index) =>
      put({
        pk: blocksPartition(group[0]?.page.table ?? ''),
        sk: `${chunk[0]?.[0] ?? ''}${name}${MARK}${index}`,
        blocks: JSON.stringify(chunk),
        at,
        ...more,
      }),
    ),
  )
}

function storedOf(
  { contract, ordinal, rows, digest, isRecord }: NamedBlock,
  { key, table }: PageName,
): Stored {
  const name = key.slice(table.length + 1)
  const version = printTableVersion(contract)
  return isRecord === true ? [name, version, ordinal, digest, rows] : [name, version, ordinal, digest]
}

function byPage([left]: Stored, [right]: Stored): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/* As JSON within so many bytes each. */
function chunksOf(blocks: readonly Stored[], most: number): readonly (readonly Stored[])[] {
  const chunks: Stored[][] = []
  let bytes = 0
  for (const block of blocks) {
    const size = Buffer.byteLength(JSON.stringify(block)) + 1
    const open = chunks.at(-1)
    if (open === undefined || bytes + size > most) {
      chunks.push([block])
      bytes = size
    } else {
      open.push(block)
      bytes += size
    }
  }
  return chunks
}

/** What an item says. Throws `ledger/corrupt` for one of another form. */
export function broughtBy(table: string, { sk, blocks, at }: Item): readonly BroughtBlock[] {
  const isLanded = sk.split(MARK)[1] === LANDED
  return parsed(storedBlocks, String(blocks)).flatMap(([name, contract, ordinal, digest, rows]) => {
    const page = pageOfKey(`${table}#${name}`)
    if (page === undefined) return []
    const { key, changes, firstPosition: first, lastPosition: last } = page
    const known = { origin: 'page' as const, page: key, contract, ordinal, changes, digest, first, last }
    const record = rows === undefined ? undefined : { ...known, rows, isRecord: true as const }
    return [{ page, id: blockId(known), isLanded, record, at: Number(at) }]
  })
}
