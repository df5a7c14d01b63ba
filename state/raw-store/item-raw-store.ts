import { type Page, type PageHeader, pageOfKey } from '../../core/page.ts'
import { type Item, type ItemTable, put } from '../../core/ports/item-table.ts'
import type { PositionRange, RawStore } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { partsOf, readParts } from '../item-parts.ts'
import { mergeSorted } from '../merge-sorted.ts'
import {
  expiryOf,
  headOfItem,
  type PageHead,
  pageItem,
  partitionsOf,
  partsName,
  placeOfPage,
} from './page-item.ts'
import { between } from './position-range.ts'

export interface RawStoreSettings {
  readonly table: ItemTable
  /** Days after its last commit that a page is kept; null for ever. */
  readonly retentionDays: number | null
}

/**
 * The raw store: an item for each page, and the table's feed is the feed of format (docs/adr/0020). Keeps the guarantees of
 * `RawStore`. A page beyond an item lies in parts, all of them written before its head, so that whoever sees the head
 * finds them. Memory of `list`: 1 MB for each partition of a table, and one page.
 */
export class ItemRawStore implements RawStore {
  protected readonly table: ItemTable
  private readonly retentionDays: number | null

  constructor({ table, retentionDays }: RawStoreSettings) {
    this.table = table
    this.retentionDays = retentionDays
  }

  async put(pages: readonly Page[]): Promise<void> {
    const { shape } = this.table
    const heads = pages.map((page) => pageItem(page, shape, this.retentionDays))
    const parts = pages.flatMap((page, index) => {
      const name = partsName(page.key, String(heads[index]?.['digest']))
      return partsOf(name, page.content, { shape, more: { ...expiryOf(page, this.retentionDays) } })
    })
    await this.table.write(parts)
    await this.table.write(heads.map(put))
  }

  list(table: string, range: PositionRange = {}): AsyncIterable<Page> {
    return this.behind(table, null, range)
  }

  /** Memory as `list`. */
  async *behind(table: string, key: string | null, range: PositionRange = {}): AsyncGenerator<Page> {
    const after = key === null ? undefined : pageOfKey(key)?.firstPosition
    /* DynamoDB takes no range that ends before it begins. */
    if (after !== undefined && range.to !== undefined && after > range.to) return
    const sources = this.partitionsOf(table).map((partition) => this.overlapping(partition, after, range))
    for await (const head of mergeSorted(sources, byKey))
      if (key === null || head.page.key > key) yield await this.pageOf(head)
  }

  /** Out of the table's index, which holds no content. */
  async *heads(table: string, range: PositionRange = {}): AsyncGenerator<PageHeader> {
    const sources = this.partitionsOf(table).map((partition) => this.held(partition, range))
    yield* mergeSorted(sources, (left, right) => (left.key < right.key ? -1 : 1))
  }

  /** The last position of the newest pages of some tables; undefined when they have none. */
  async newest(tables: readonly string[]): Promise<Position | undefined> {
    let newest: Position | undefined
    const range = { ...between({}), isBrief: true, order: 'down', atOnce: 1 } as const
    for (const pk of tables.flatMap((table) => this.partitionsOf(table)))
      for await (const { sk } of this.table.range(pk, range)) {
        const position = sk.split('#')[1]
        if (position !== undefined && (newest === undefined || position > newest)) newest = position
        break
      }
    return newest
  }

  /** The item of a page by its key; undefined when there is none. */
  async find(key: string): Promise<Item | undefined> {
    const page = pageOfKey(key)
    return page === undefined ? undefined : this.table.get(placeOfPage(page, this.table.shape))
  }

  /** The page of an item, from a query or from the feed. Throws `raw/corrupt` for an item that is no page. */
  page(item: Item): Promise<Page> {
    return this.pageOf(headOfItem(item, this.table.shape))
  }

  private async pageOf({ page, content, parts, digest }: PageHead): Promise<Page> {
    if (content !== undefined) return { ...page, content }
    const name = partsName(page.key, digest)
    return {
      ...page,
      content: await readParts(this.table, name, { parts, digest, what: `page ${page.key}` }),
    }
  }

  private partitionsOf(table: string): readonly string[] {
    return partitionsOf(table, this.table.shape)
  }

  private async *held(partition: string, range: PositionRange): AsyncGenerator<PageHeader> {
    for await (const item of this.table.range(partition, { ...between(range), isBrief: true })) {
      const page = pageOfKey(`${item['table']}#${item.sk}`)
      const committed = item['committed']
      if (page !== undefined) yield { ...page, committedAt: typeof committed === 'number' ? committed : null }
    }
  }

  /* Sort keys begin with the first position; where the last one lies only the item says, so all before `to` are read. */
  private async *overlapping(
    partition: string,
    after: Position | undefined,
    { from, to }: PositionRange,
  ): AsyncGenerator<PageHead> {
    const range = {
      ...between({ ...(after === undefined ? {} : { from: after }), ...(to === undefined ? {} : { to }) }),
      ...(from === undefined ? {} : { having: { name: 'last', atLeast: from } }),
    }
    for await (const item of this.table.range(partition, range)) yield headOfItem(item, this.table.shape)
  }
}

function byKey({ page: left }: PageHead, { page: right }: PageHead): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0
}
