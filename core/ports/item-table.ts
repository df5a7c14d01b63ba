/** What an attribute holds: text, a whole number that JavaScript has exactly, bytes. */
export type ItemValue = string | number | Uint8Array

/** Where an item lies: in a partition, at a place in its order. */
export interface ItemKey {
  readonly pk: string
  readonly sk: string
}

/** Attributes by name. `expires`, epoch seconds, is when the item may go by itself. */
export type Item = ItemKey & Readonly<Record<string, ItemValue>>

export interface ItemPut {
  readonly kind: 'put'
  readonly item: Item
}

/** A write whose outcome does not depend on what is there. */
export type ItemWrite = ItemPut | { readonly kind: 'delete'; readonly key: ItemKey }

/** What must hold of the item that a write is about; an attribute that is not there is neither equal nor below. */
export type ItemCondition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'equal'; readonly name: string; readonly value: string | number }
  | { readonly kind: 'below'; readonly name: string; readonly value: number }

/** Attributes that an item gets and loses; the others stay. */
export interface ItemChange {
  readonly set: Readonly<Record<string, string | number>>
  readonly remove: readonly string[]
}

/** Which items of a partition, and in which way. */
export interface ItemRange {
  /** Sort keys from here to there, both included; a missing end is open. */
  readonly from?: string
  readonly to?: string
  /** How the sort keys begin; not beside `from` and `to`. */
  readonly prefix?: string
  readonly order?: 'up' | 'down'
  /** Only items whose attribute, a text, is at least this. */
  readonly having?: { readonly name: string; readonly atLeast: string }
  /** Read so many items at once: for who wants the first few only. */
  readonly atOnce?: number
  /** What was written a moment ago may be missing; half the price. */
  readonly isLate?: boolean
  /** Late, and without bytes: the key and the attributes that the table's index has. */
  readonly isBrief?: boolean
}

/** How an engine wants items cut. Part of every stored key: another shape would store the same things twice. */
export interface ItemShape {
  /** Larger bytes lie in several items. */
  readonly inlineBytes: number
  /** Over how many partitions what belongs together is spread. */
  readonly spread: number
  /** How many calls at once it takes from one caller: on a machine those of one turn are one commit. */
  readonly callsAtOnce: number
  /** Bytes that come back are those that were written, or the engine throws: nobody above looks again. */
  readonly isVerified: boolean
}

/**
 * A table of items: the state of a pipeline, DynamoDB on AWS and a table of one SQLite file on a machine.
 * Durability: on stable storage when a call resolves; a call that throws may have written some of its items, but for
 * `putIf`, `changeIf` and `deleteIf`, which are of one item.
 * Duplicates: writing again what is there changes nothing. A call whose answer was lost is made again by the engine, so a
 * condition must hold of what the call itself wrote, too.
 * Order: `range` gives sort keys in byte order of UTF-8; of writes of one item in one call the last counts.
 * Concurrency: any number of callers; on a machine one process writes and several read beside it. Each item is seen whole,
 * and `range` sees what was there when it began, perhaps with what came since.
 * Limits: an item of at most 400 KB, names and keys included, a sort key of 1 KB and a partition key of 2 KB, neither
 * empty nor with U+0000; one attribute of bytes; text is well-formed Unicode. Memory of `range`: 1 MB and an item.
 * Lifecycle: opened by its engine; calls after its end are rejected.
 * Throws the table's code for an engine that cannot be reached (`…/unavailable`) and for an item that is not what was
 * written (`…/corrupt`, `run/damaged`), which names its key.
 */
export interface ItemTable {
  readonly shape: ItemShape
  /** In the order given: who sees an item sees those before it. */
  write(writes: readonly ItemWrite[]): Promise<void>
  /** In any order, and faster on AWS. */
  writeSpread(writes: readonly ItemWrite[]): Promise<void>
  /** Whether one of the conditions held, and the item is there now in place of any other. */
  putIf(item: Item, conditions: readonly ItemCondition[]): Promise<boolean>
  /** Whether one of the conditions held, and the item is changed. */
  changeIf(key: ItemKey, change: ItemChange, conditions: readonly ItemCondition[]): Promise<boolean>
  /** Whether one of the conditions held, and the item is gone. */
  deleteIf(key: ItemKey, conditions: readonly ItemCondition[]): Promise<boolean>
  get(key: ItemKey): Promise<Item | undefined>
  range(pk: string, range?: ItemRange): AsyncGenerator<Item>
}

/** A write that is done when one of its conditions holds, or without any. */
export type ConditionalWrite = ItemWrite & { readonly conditions?: readonly ItemCondition[] }

/**
 * Several writes in one. Durability: all of them are on stable storage when a call resolves with true, none of them when a
 * condition did not hold, and none or all after a crash. On a machine only: stages on AWS agree by what they write.
 */
export interface ItemTransactions {
  transact(writes: readonly ConditionalWrite[]): Promise<boolean>
}

/** An item of a feed. */
export interface FedItem {
  /** Grows with every change of the table, from 1, with gaps. */
  readonly offset: number
  readonly item: Item
}

/**
 * What changed in a table, in the order in which it became durable: the table's stream on AWS, which is pushed into
 * functions, and a query on a machine. Duplicates: writing again what is there feeds nothing; an item that changed twice
 * may come once, as it is now. What was deleted does not come.
 */
export interface ItemFeed {
  /** Items behind an offset, 0 for all. Memory: `most` items. */
  after(offset: number, most: number): Promise<readonly FedItem[]>
}

export const put = (item: Item): ItemPut => ({ kind: 'put', item })

export const remove = (pk: string, sk: string): ItemWrite => ({ kind: 'delete', key: { pk, sk } })
