import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { HeldPage } from '../../core/ledger/recorded-page.ts'
import { type Page, pageOfKey } from '../../core/page.ts'
import type { PositionRange, RawStore } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import { type DynamoTable, type Item, putOf, queryItems, writeBatches } from './dynamo-table.ts'
import { partCount, partsOf, readParts } from './item-parts.ts'
import { mergeSorted } from './merge-sorted.ts'
import {
  expiryOf,
  headOfItem,
  type PageHead,
  pageItem,
  partitionsOf,
  partsName,
  placeOfPage,
} from './page-item.ts'
import { between } from './position-query.ts'

/** Of the raw table: its keys, and of other attributes `table` and `committed`. */
export const HEADS = 'heads'

export interface DynamoRawStoreSettings {
  readonly table: DynamoTable
  /** Days after its last commit that a page is kept. */
  readonly retentionDays: number
}

/** A page, and when its last change was committed, epoch milliseconds; null for rows of a load. */
export interface DatedPage {
  readonly page: Page
  readonly committedAt: number | null
}

/**
 * The raw store on DynamoDB: an item for each page, whose stream feeds format (docs/adr/0020). Keeps the guarantees of
 * `RawStore`. A page beyond an item lies in parts, all of them written before its head, so that whoever sees the head
 * finds them. Memory of `list`: 1 MB for each of the 16 partitions of a table, and one page.
 */
export class DynamoRawStore implements RawStore {
  private readonly table: DynamoTable
  private readonly retentionDays: number
  private readonly call: CallName

  constructor({ table, retentionDays }: DynamoRawStoreSettings) {
    this.table = table
    this.retentionDays = retentionDays
    this.call = { code: 'raw/unavailable', what: `raw store ${table.name}` }
  }

  async put(pages: readonly Page[]): Promise<void> {
    const heads = pages.map((page) => pageItem(page, this.retentionDays))
    const parts = pages.flatMap((page, index) => {
      if (partCount(page.content) === 0) return []
      const name = partsName(page.key, heads[index]?.['digest']?.S ?? '')
      return partsOf(name, page.content, expiryOf(page, this.retentionDays))
    })
    await writeBatches(this.table, this.call, parts)
    await writeBatches(this.table, this.call, heads.map(putOf))
  }

  async *list(table: string, { from, to }: PositionRange = {}): AsyncIterable<Page> {
    const sources = partitionsOf(table).map((partition) => this.overlapping(partition, from, to))
    for await (const head of mergeSorted(sources, byKey)) yield await this.pageOf(head)
  }

  /**
   * Pages of a table behind the page of a key, all of them for null, in the order of their keys: every one that was there
   * when it began. Memory as `list`.
   */
  async *behind(table: string, key: string | null): AsyncGenerator<DatedPage> {
    const from = key === null ? undefined : pageOfKey(key)?.firstPosition
    const sources = partitionsOf(table).map((partition) => this.pagesBehind(partition, from))
    for await (const head of mergeSorted(sources, byKey))
      if (key === null || head.page.key > key)
        yield { page: await this.pageOf(head), committedAt: head.committedAt }
  }

  /**
   * Pages of a table that begin in a range, without their content, in the order of their keys: out of the index `heads`,
   * which has the table's keys and holds no content. It is a moment behind the table.
   */
  async *heads(table: string, range: PositionRange = {}): AsyncGenerator<HeldPage> {
    const sources = partitionsOf(table).map((partition) => this.held(partition, range))
    yield* mergeSorted(sources, (left, right) => (left.key < right.key ? -1 : 1))
  }

  /** The last position of the newest pages of some tables; undefined when they have none. */
  async newest(tables: readonly string[]): Promise<Position | undefined> {
    let newest: Position | undefined
    for (const pk of tables.flatMap(partitionsOf)) {
      const query = { ...between(pk, {}), IndexName: HEADS, ConsistentRead: false }
      for await (const item of queryItems(this.table, this.call, {
        ...query,
        ScanIndexForward: false,
        Limit: 1,
      })) {
        const position = item['sk']?.S?.split('#')[1]
        if (position !== undefined && (newest === undefined || position > newest)) newest = position
        break
      }
    }
    return newest
  }

  /** The item of a page by its key; undefined when there is none. */
  async find(key: string): Promise<Item | undefined> {
    const page = pageOfKey(key)
    if (page === undefined) return undefined
    const { pk, sk } = placeOfPage(page)
    const command = new GetItemCommand({
      ...{ TableName: this.table.name, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true },
    })
    const found = await callAws(this.call, this.table.retry, (abortSignal) =>
      this.table.client.send(command, { abortSignal }),
    )
    return found.Item
  }

  /** The page of an item, from a query or from the stream. Throws `raw/corrupt` for an item that is no page. */
  page(item: Item): Promise<Page> {
    return this.pageOf(headOfItem(item))
  }

  private async pageOf({ page, content, parts, digest }: PageHead): Promise<Page> {
    if (content !== undefined) return { ...page, content }
    const call = { ...this.call, what: `page ${page.key}` }
    return {
      ...page,
      content: await readParts(this.table, call, partsName(page.key, digest), { parts, digest }),
    }
  }

  private async *pagesBehind(partition: string, from: Position | undefined): AsyncGenerator<PageHead> {
    const query = between(partition, from === undefined ? {} : { from })
    for await (const item of queryItems(this.table, this.call, query)) yield headOfItem(item)
  }

  private async *held(partition: string, range: PositionRange): AsyncGenerator<HeldPage> {
    const query = {
      ...between(partition, range),
      IndexName: HEADS,
      ConsistentRead: false,
    }
    for await (const { table, sk, committed } of queryItems(this.table, this.call, query)) {
      const page = pageOfKey(`${table?.S ?? ''}#${sk?.S ?? ''}`)
      if (page !== undefined)
        yield { ...page, committedAt: committed?.N === undefined ? null : Number(committed.N) }
    }
  }

  /* Sort keys begin with the first position; where the last one lies only the item says, so all before `to` are read. */
  private async *overlapping(
    partition: string,
    from: string | undefined,
    to: string | undefined,
  ): AsyncGenerator<PageHead> {
    const query = {
      KeyConditionExpression: to === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :end',
      ...(from === undefined ? {} : { FilterExpression: '#last >= :from' }),
      ...(from === undefined ? {} : { ExpressionAttributeNames: { '#last': 'last' } }),
      ExpressionAttributeValues: {
        ':pk': { S: partition },
        /* `$` is the character after `#`, which follows the position. */
        ...(to === undefined ? {} : { ':end': { S: `${to}$` } }),
        ...(from === undefined ? {} : { ':from': { S: from } }),
      },
    }
    for await (const item of queryItems(this.table, this.call, query)) yield headOfItem(item)
  }
}

function byKey({ page: left }: PageHead, { page: right }: PageHead): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0
}
