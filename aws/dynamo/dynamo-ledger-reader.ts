import * as z from 'zod'
import type { LedgerRecords } from '../../core/audit/ledger-audit.ts'
import type { LoadFileRecord, ManifestDay, ManifestFile, NamedBlock } from '../../core/ledger/ledger.ts'
import type { RecordedPage, RecordedRedrive } from '../../core/ledger/recorded-page.ts'
import { pageOfKey } from '../../core/page.ts'
import type { PositionRange } from '../../core/ports/ports.ts'
import { ledgerCall } from './dynamo-ledger.ts'
import { type DynamoTable, type Item, queryItems } from './dynamo-table.ts'
import {
  ASIDE,
  DAYS,
  dayName,
  fileOf,
  filesPartition,
  LANDED,
  LOADS,
  landedId,
  landedPartition,
  MARK,
  objectPartition,
  pagePartition,
  parsed,
  placeInLedger,
  REPLAYED,
  redriveOf,
  redrivePartition,
  sharesOf,
} from './ledger-item.ts'
import { mergeSorted } from './merge-sorted.ts'
import { partitionsOf } from './page-item.ts'
import { between } from './position-query.ts'

const counts = z.record(z.string(), z.number().int())
const loadFile = z.object({
  ...{ load: z.string(), key: z.string(), table: z.string(), rows: z.number().int() },
  ...{ landed: counts, refused: counts },
})

/** What the ledger on DynamoDB knows, in the order of its keys. Memory: an answer (1 MB) of each of 16 partitions. */
export class DynamoLedgerReader implements LedgerRecords {
  private readonly table: DynamoTable

  constructor(table: DynamoTable) {
    this.table = table
  }

  /** Pages of a source table that begin in a range, in the order of their keys. */
  async *pages(table: string, range: PositionRange): AsyncGenerator<RecordedPage> {
    const sources = partitionsOf(table).map((partition) => this.partition(table, partition, range))
    yield* mergeSorted(sources, ({ page: left }, { page: right }) => (left.key < right.key ? -1 : 1))
  }

  async page(key: string): Promise<RecordedPage | undefined> {
    const place = placeInLedger(key)
    const page = pageOfKey(key)
    if (place === undefined || page === undefined) return undefined
    for await (const one of this.gather(page.table, this.query(place.pk, place.sk)))
      if (one.page.key === key) return one
    return undefined
  }

  async *redrives(contract: string): AsyncGenerator<RecordedRedrive> {
    const pk = redrivePartition(contract)
    const replays: {
      readonly from: string | undefined
      readonly to: string | undefined
      readonly at: number
    }[] = []
    let open: { readonly block: NamedBlock; readonly at: number } | undefined
    let isLanded = false
    const isReplayed = ({ block: { first, last }, at }: { block: NamedBlock; at: number }) =>
      replays.some(
        ({ from, to, at: end }) => at <= end && (from ?? '') <= first && (to === undefined || last <= to),
      )
    const close = (one: typeof open) =>
      one === undefined ? [] : [{ ...one, isLanded: isLanded || isReplayed(one) }]
    /* What was replayed sorts before every position, a mark after the block that it is of. */
    for await (const { sk, block, from, to, at } of this.query(pk)) {
      const name = sk?.S ?? ''
      if (name.startsWith(REPLAYED)) replays.push({ from: from?.S, to: to?.S, at: Number(at?.N) })
      else if (block?.S !== undefined) {
        yield* close(open)
        open = { block: redriveOf(block.S), at: Number(at?.N) }
        isLanded = false
      } else if (open !== undefined && name === `${open.block.first}#${open.block.digest}${LANDED}`)
        isLanded = true
    }
    yield* close(open)
  }

  /** Ids of blocks in objects that were set aside, with the object. */
  async aside(): Promise<ReadonlyMap<string, string>> {
    const blocks = new Map<string, string>()
    for await (const { sk: object } of this.query(ASIDE))
      for await (const { sk } of this.query(objectPartition(object?.S ?? '')))
        blocks.set(sk?.S ?? '', object?.S ?? '')
    return blocks
  }

  /** Landed and set-aside objects of the folder that an object lies in. */
  async settled(object: string): Promise<ReadonlySet<string>> {
    const keys = new Set<string>()
    for await (const { sk } of this.query(landedPartition(object))) keys.add(sk?.S ?? '')
    const folder = object.slice(0, object.lastIndexOf('/') + 1)
    for await (const { sk } of this.query(ASIDE, folder)) keys.add(sk?.S ?? '')
    return keys
  }

  async *loadFiles(): AsyncGenerator<LoadFileRecord> {
    for await (const { record } of this.query(LOADS))
      yield { ...parsed(loadFile, record?.S ?? ''), files: [] }
  }

  async days(): Promise<readonly ManifestDay[]> {
    const days: ManifestDay[] = []
    for await (const { sk } of this.query(DAYS)) {
      const [, table, version, day] = /^(.+)\.v(\d+)#(.+)$/.exec(sk?.S ?? '') ?? []
      if (table !== undefined && day !== undefined) days.push({ table, version: Number(version), day })
    }
    return days
  }

  async files(day: ManifestDay): Promise<readonly ManifestFile[]> {
    const files: ManifestFile[] = []
    for await (const { sk, file } of this.query(filesPartition(dayName(day))))
      files.push(fileOf(sk?.S ?? '', file?.S ?? ''))
    return files
  }

  private query(pk: string, begin?: string): AsyncGenerator<Item> {
    const ExpressionAttributeValues = {
      ':pk': { S: pk },
      ...(begin === undefined ? {} : { ':begin': { S: begin } }),
    }
    const KeyConditionExpression = begin === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :begin)'
    return queryItems(this.table, ledgerCall(this.table), {
      KeyConditionExpression,
      ExpressionAttributeValues,
    })
  }

  private partition(table: string, partition: string, range: PositionRange): AsyncGenerator<RecordedPage> {
    const query = { ...between(pagePartition(partition), range), ConsistentRead: false }
    return this.gather(table, queryItems(this.table, ledgerCall(this.table), query))
  }

  /* The items of one page follow one another. */
  private async *gather(table: string, items: AsyncIterable<Item>): AsyncGenerator<RecordedPage> {
    let open: OpenPage | undefined
    for await (const { sk, shares, at } of items) {
      const [name = '', kind = '', ...rest] = (sk?.S ?? '').split(MARK)
      const key = `${table}#${name}`
      if (open?.page.key !== key) {
        if (open !== undefined) yield open
        const page = pageOfKey(key)
        open = page && { page, formatted: undefined, landed: new Set(), replayed: new Set() }
      }
      if (open === undefined) continue
      if (shares?.S !== undefined)
        open.formatted = { shares: sharesOf(shares.S, open.page), at: Number(at?.N) }
      else if (`!${kind}!` === LANDED) open.landed.add(landedId(key, rest.join(MARK)))
      else if (`!${kind}!` === REPLAYED) open.replayed.add(rest.join(MARK))
    }
    if (open !== undefined) yield open
  }
}

interface OpenPage extends RecordedPage {
  formatted: RecordedPage['formatted']
  readonly landed: Set<string>
  readonly replayed: Set<string>
}
