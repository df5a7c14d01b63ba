import * as z from 'zod'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { blockId, type NamedBlock, type PageRecord } from '../../core/ledger/ledger.ts'
import { pageOfKey } from '../../core/page.ts'
import type { Item } from '../../core/ports/item-table.ts'
import type { Position } from '../../core/position.ts'
import { landedId, parsed, redriveOf, sharesOf, storedContract } from '../../state/ledger/ledger-item.ts'

/*
 * Beside the items of every ledger, the ledger of a run folder has these, for a balance without reading them: sums over what
 * is settled, what is not settled one by one, and how far format is. An item of the first kind changes them with it.
 */
export const OPEN = 'open'
export const AWAITED = 'awaited'
export const SUMS = 'sums'
export const DELIVERED = 'delivered'
/** `pages`: the place in the feed of the last page that format is done with. */
export const CHECKPOINT = { pk: 'format', sk: 'checkpoint' } as const
/** There while the ledger is lost, and is made again of the rest of the folder. */
export const LOST = { pk: 'format', sk: 'lost' } as const

/** What takes the place of a ledger that is lost: nothing but the checkpoint, where it is known. */
export function lostLedger(checkpoint: number | undefined): Item {
  return checkpoint === undefined ? LOST : { ...LOST, pages: checkpoint }
}

/** Names of sums. */
export const sumOf = {
  contract: (key: string) => `contract ${key}`,
  source: (table: string) => `source ${table}`,
  loads: (contract: string) => `loads ${contract}`,
  control: (table: string) => `control ${table}`,
  bookkeeping: 'bookkeeping',
} as const

/** A page that format has recorded and that is not settled, as it is stored. */
export interface StoredPage extends PageRecord {
  readonly landed: ReadonlySet<string>
  readonly before: Position | null
}

const ids = z.array(z.string())

/** `shares` as in the page's record. */
export function openItem({ page, landed, before }: StoredPage, shares: string): Item {
  const rests = [...landed].map((id) => id.slice(landedId(page, '').length))
  const item = { pk: OPEN, sk: page, shares, landed: JSON.stringify(rests) }
  return before === null ? item : { ...item, before }
}

/** Throws `ledger/corrupt` for an item that `openItem` did not make. */
export function openPageOf({ sk, shares, landed, before }: Item): StoredPage {
  const name = pageOfKey(sk)
  const rests = parsed(ids, String(landed))
  const { table = '', changes = 0, firstPosition = '', lastPosition = '' } = name ?? {}
  return {
    page: sk,
    table,
    changes,
    firstPosition,
    lastPosition,
    shares: name === undefined ? [] : sharesOf(String(shares), name),
    landed: new Set(rests.map((rest) => landedId(sk, rest))),
    before: typeof before === 'string' ? before : null,
  }
}

/** A redriven block that has not landed. */
export function awaitedItem(block: NamedBlock): Item {
  return { pk: AWAITED, sk: blockId(block), block: JSON.stringify(shown(block)) }
}

export function awaitedOf({ block }: Item): NamedBlock {
  return redriveOf(String(block))
}

const stored = z.array(
  z.object({
    contract: storedContract,
    origin: z.enum(['page', 'redrive', 'replay']),
    page: z.string(),
    ordinal: z.number(),
    changes: z.number(),
    rows: z.number(),
    first: z.string(),
    last: z.string(),
    digest: z.string(),
  }),
)

/* As it is stored. */
function shown(block: NamedBlock) {
  return { ...block, contract: printTableVersion(block.contract) }
}

/** The blocks of an object that is not landed yet. */
export function deliveredItem(object: string, blocks: readonly NamedBlock[]): Item {
  return { pk: DELIVERED, sk: object, blocks: JSON.stringify(blocks.map(shown)) }
}

export function deliveredOf({ blocks }: Item): readonly NamedBlock[] {
  return parsed(stored, String(blocks))
}
