import {
  isSameOrNone,
  isSameVersion,
  printTableVersion,
  type TableVersion,
} from '../../core/contract/language/table-version.ts'
import {
  addsUp,
  blockId,
  type LoadFileRecord,
  type NamedBlock,
  type PageShare,
  type ReplayedPages,
  totalsKey,
} from '../../core/ledger/ledger.ts'
import { pageOfKey } from '../../core/page.ts'
import { type Item, type ItemShape, put } from '../../core/ports/item-table.ts'
import type { Position } from '../../core/position.ts'
import {
  ASIDE,
  LOADS,
  landedItem,
  objectBlockItem,
  placeInLedger,
  recordItem,
  redriveItem,
  type Stamp,
} from '../../state/ledger/ledger-item.ts'
import { storedLoadFile } from '../../state/ledger/ledger-reader.ts'
import type { ItemsInside } from '../sqlite/sqlite-items.ts'
import {
  AWAITED,
  awaitedItem,
  DELIVERED,
  deliveredItem,
  deliveredOf,
  OPEN,
  openItem,
  openPageOf,
  type StoredPage,
  SUMS,
  sumOf,
} from './live-items.ts'

/** A transaction of the ledger's table, and what items are made of. */
export interface Fold extends ItemsInside {
  readonly shape: ItemShape
  readonly stamp: Stamp
}

/**
 * Format has recorded a page. Its blocks may have landed before. A page that is settled stays as it is; of one that is not a
 * newer record takes the place of the older one.
 */
export function foldPage(fold: Fold, page: Omit<StoredPage, 'landed' | 'before'>): void {
  const { item } = recordItem(page, fold.stamp, fold.shape)
  const open = fold.find({ pk: OPEN, sk: page.page })
  const isKnown = fold.find(item) !== undefined
  if (isKnown && open === undefined) return
  const before = open === undefined ? beforePage(fold, page) : openPageOf(open).before
  if (!isKnown) addToSource(fold, page)
  fold.write(put(item))
  const landed = page.shares
    .flatMap(({ blocks }) => blocks)
    .filter((block) => hasMark(fold, block))
    .map(blockId)
  settle(fold, { ...page, landed: new Set(landed), before }, item)
}

/** Blocks of one object have landed; before their marks are written. */
export function foldLanded(fold: Fold, object: string, blocks: readonly NamedBlock[]): void {
  const pages = new Map<string, NamedBlock[]>()
  for (const block of blocks)
    if (block.origin === 'page') pages.set(block.page, [...(pages.get(block.page) ?? []), block])
    else if (block.origin === 'redrive') countRedriven(fold, block)
  for (const [key, landed] of pages) {
    const item = fold.find({ pk: OPEN, sk: key })
    if (item === undefined) continue
    const page = openPageOf(item)
    settle(fold, { ...page, landed: new Set([...page.landed, ...landed.map(blockId)]) }, item)
  }
  fold.write({ kind: 'delete', key: { pk: DELIVERED, sk: object } })
}

/** A redriven block that delivery has; before it is written down. It may have landed already. */
export function foldRedriven(fold: Fold, block: NamedBlock): void {
  if (fold.find(redriveItem(block, fold.stamp).item) !== undefined) return
  if (hasMark(fold, block))
    addToContract(fold, printTableVersion(block.contract), { redriven: block.changes })
  else fold.write(put(awaitedItem(block)))
}

/** Blocks of an object that is not landed yet, or was set aside before. */
export function foldDelivered(fold: Fold, object: string, blocks: readonly NamedBlock[]): void {
  if (fold.find({ pk: ASIDE, sk: object }) === undefined) fold.write(put(deliveredItem(object, blocks)))
  else for (const block of blocks) fold.write(objectBlockItem(object, block, fold.stamp.more))
}

export function foldAside(fold: Fold, object: string): void {
  const key = { pk: DELIVERED, sk: object }
  const item = fold.find(key)
  if (item === undefined) return
  for (const block of deliveredOf(item)) fold.write(objectBlockItem(object, block, fold.stamp.more))
  fold.write({ kind: 'delete', key })
}

/** A file of a load: of one that is known the newer record counts. */
export function foldLoadFile(fold: Fold, file: LoadFileRecord): void {
  const known = fold.find({ pk: LOADS, sk: file.key })
  if (known !== undefined) countLoad(fold, storedLoadFile(known), -1)
  countLoad(fold, file, 1)
}

/**
 * What a replay read whole is in the lake: pages, those too that format passed over, and redriven blocks in its range. What
 * other contracts made of a page that nobody formatted is still not known. Gives the changes of pages that were passed over.
 */
export function foldReplayed(
  fold: Fold,
  replayed: ReplayedPages,
  {
    isPassed,
    awaited,
  }: { readonly isPassed: (page: string) => boolean; readonly awaited: Iterable<NamedBlock> },
): ReadonlyMap<string, number> {
  const { contract, contracts } = replayed
  const mended = new Map<string, number>()
  for (const key of replayed.pages) {
    const name = pageOfKey(key)
    if (name === undefined) continue
    const whole = (of: TableVersion): PageShare => {
      const { changes, firstPosition: first, lastPosition: last } = name
      const block = { contract: of, origin: 'page', page: key, ordinal: 0, changes } as const
      const blocks = [{ ...block, rows: 0, first, last, digest: 'lost' }]
      return { contract: of, blocks, refused: 0, fresh: 0, filtered: 0 }
    }
    const item = fold.find({ pk: OPEN, sk: key })
    const page = item === undefined ? unrecorded(fold, key, { isPassed, contracts, whole }) : openPageOf(item)
    if (page === undefined) continue
    if (item === undefined) mended.set(page.table, (mended.get(page.table) ?? 0) + page.changes)
    /* What was read whole counts as such, whatever was written down of the first reading. */
    const shares = page.shares.map((share) =>
      isSameOrNone(share.contract, contract) && !addsUp(name.changes, share) ? whole(contract) : share,
    )
    const read = shares
      .filter((share) => isSameOrNone(share.contract, contract))
      .flatMap(({ blocks }) => blocks)
    const record = recordItem({ ...page, shares }, fold.stamp, fold.shape)
    fold.write(record)
    settle(fold, { ...page, shares, landed: new Set([...page.landed, ...read.map(blockId)]) }, record.item)
  }
  for (const block of awaited) if (isRead(block, replayed)) countRedriven(fold, block)
  return mended
}

/** Adds to a sum; `more` are its other attributes. */
export function addSum(
  fold: ItemsInside,
  sk: string,
  by: Readonly<Record<string, number>>,
  more: Readonly<Record<string, string>> = {},
): void {
  const known = fold.find({ pk: SUMS, sk })
  const sums = Object.entries(by).map(([name, count]) => [name, Number(known?.[name] ?? 0) + count])
  fold.write(put({ ...known, ...Object.fromEntries(sums), ...more, pk: SUMS, sk }))
}

function unrecorded(
  fold: Fold,
  key: string,
  given: {
    readonly isPassed: (page: string) => boolean
    readonly contracts: readonly TableVersion[]
    readonly whole: (contract: TableVersion) => PageShare
  },
): StoredPage | undefined {
  const name = pageOfKey(key)
  const place = placeInLedger(key, fold.shape)
  if (name === undefined || place === undefined || !given.isPassed(key)) return undefined
  if (fold.find(place) !== undefined) return undefined
  const { table, changes, firstPosition, lastPosition } = name
  const page = { page: key, table, changes, firstPosition, lastPosition }
  const before = beforePage(fold, page)
  addToSource(fold, page)
  return { ...page, shares: given.contracts.map(given.whole), landed: new Set(), before }
}

/* Sums when every change of it is accounted for, and as it is until then. */
function settle(fold: Fold, page: StoredPage, { shares }: Item): void {
  const { table, changes, landed } = page
  const isSettled = page.shares.every(
    (share) => addsUp(changes, share) && share.blocks.every((block) => landed.has(blockId(block))),
  )
  if (!isSettled) {
    fold.write(put(openItem(page, String(shares))))
    return
  }
  fold.write({ kind: 'delete', key: { pk: OPEN, sk: page.page } })
  for (const { contract, blocks, refused, fresh, filtered } of page.shares) {
    const arrived = blocks.reduce((sum, block) => sum + block.changes, 0)
    const sums = { captured: changes, landed: arrived, refused, fresh, filtered }
    addToContract(fold, totalsKey(contract, table), sums)
  }
}

function addToContract(fold: Fold, key: string, by: Readonly<Record<string, number>>): void {
  addSum(fold, sumOf.contract(key), by)
}

function addToSource(
  fold: Fold,
  { table, changes, lastPosition }: Pick<StoredPage, 'table' | 'changes' | 'lastPosition'>,
): void {
  const before = throughOf(fold, table)
  const through = before === null || lastPosition > before ? lastPosition : before
  addSum(fold, sumOf.source(table), { changes }, { through })
}

function throughOf(fold: Fold, table: string): Position | null {
  const through = fold.find({ pk: SUMS, sk: sumOf.source(table) })?.['through']
  return typeof through === 'string' ? through : null
}

/* Pages are recorded in the order of their positions; of one that is not, nobody knows what is before it. */
function beforePage(
  fold: Fold,
  { table, firstPosition }: Pick<StoredPage, 'table' | 'firstPosition'>,
): Position | null {
  const through = throughOf(fold, table)
  return through !== null && through < firstPosition ? through : null
}

/* Only while it is awaited: a block counts once however often it lands. */
function countRedriven(fold: Fold, block: NamedBlock): void {
  const key = { pk: AWAITED, sk: blockId(block) }
  if (fold.find(key) === undefined) return
  fold.write({ kind: 'delete', key })
  addToContract(fold, printTableVersion(block.contract), { redriven: block.changes })
}

function countLoad(fold: Fold, { rows, landed, refused }: LoadFileRecord, sign: 1 | -1): void {
  for (const contract of new Set([...Object.keys(landed), ...Object.keys(refused)]))
    addSum(fold, sumOf.loads(contract), {
      rows: sign * rows,
      landed: sign * (landed[contract] ?? 0),
      quarantined: sign * (refused[contract] ?? 0),
    })
}

function hasMark(fold: Fold, block: NamedBlock): boolean {
  const mark = landedItem(block, {}, fold.shape)
  return mark !== undefined && fold.find(mark.item) !== undefined
}

function isRead({ contract, first, last }: NamedBlock, { contract: of, from, to }: ReplayedPages): boolean {
  return isSameVersion(contract, of) && (from === null || first >= from) && (to === null || last <= to)
}
