import * as z from 'zod'
import type { LedgerRecords } from '../../core/audit/ledger-audit.ts'
import { readTableVersionKey } from '../../core/contract/language/table-version.ts'
import {
  type LoadFileRecord,
  type ManifestDay,
  type ManifestFile,
  type NamedBlock,
  pageOfBlock,
} from '../../core/ledger/ledger.ts'
import type { RecordedPage, RecordedRedrive } from '../../core/ledger/recorded-page.ts'
import { pageOfKey } from '../../core/page.ts'
import type { Item, ItemTable, ItemValue } from '../../core/ports/item-table.ts'
import type { PositionRange } from '../../core/ports/ports.ts'
import { mergeSorted } from '../merge-sorted.ts'
import { partitionsOf } from '../raw-store/page-item.ts'
import { between } from '../raw-store/position-range.ts'
import { blocksPartition, broughtBy, reachOf } from './landed-blocks.ts'
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
import { addBlock, type OpenPage, openPage, takenBefore, togetherByKey } from './open-page.ts'

const counts = z.record(z.string(), z.number().int())
const loadFile = z.object({
  load: z.string(),
  key: z.string(),
  table: z.string(),
  rows: z.number().int(),
  landed: counts,
  refused: counts,
})

/** What the ledger knows, in the order of its keys. Memory: 1 MB of each partition of a table. */
export class LedgerReader implements LedgerRecords {
  private readonly table: ItemTable

  constructor(table: ItemTable) {
    this.table = table
  }

  /** Pages of a source table that begin in a range, in the order of their keys. */
  async *pages(table: string, range: PositionRange): AsyncGenerator<RecordedPage> {
    const recorded = partitionsOf(table, this.table.shape).map((partition) =>
      this.gather(table, this.table.range(pagePartition(partition), { ...between(range), isLate: true })),
    )
    const sources = [...recorded, this.brought(table, range)]
    yield* togetherByKey(
      mergeSorted(sources, ({ page: left }, { page: right }) => (left.key < right.key ? -1 : 1)),
    )
  }

  async page(key: string): Promise<RecordedPage | undefined> {
    const place = placeInLedger(key, this.table.shape)
    const page = pageOfKey(key)
    if (place === undefined || page === undefined) return undefined
    const range = { from: page.firstPosition, to: page.firstPosition }
    const found = mergeSorted(
      [this.gather(page.table, this.query(place.pk, place.sk)), this.brought(page.table, range, false)],
      ({ page: left }, { page: right }) => (left.key < right.key ? -1 : 1),
    )
    for await (const one of togetherByKey(found)) if (one.page.key === key) return one
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
      if (sk.startsWith(REPLAYED)) replays.push({ from: textOf(from), to: textOf(to), at: Number(at) })
      else if (typeof block === 'string') {
        yield* close(open)
        open = { block: redriveOf(block), at: Number(at) }
        isLanded = false
      } else if (open !== undefined && sk === `${open.block.first}#${open.block.digest}${LANDED}`)
        isLanded = true
    }
    yield* close(open)
  }

  /** Ids of blocks in objects that were set aside, with the object. */
  async aside(): Promise<ReadonlyMap<string, string>> {
    const blocks = new Map<string, string>()
    for await (const { sk: object } of this.query(ASIDE))
      for await (const { sk } of this.query(objectPartition(object))) blocks.set(sk, object)
    return blocks
  }

  async pagesAside(object: string): Promise<readonly string[] | undefined> {
    if ((await this.table.get({ pk: ASIDE, sk: object })) === undefined) return undefined
    const pages = new Set<string>()
    for await (const { sk } of this.query(objectPartition(object))) {
      const page = pageOfBlock(sk)
      if (page !== undefined) pages.add(page)
    }
    return [...pages]
  }

  /** Landed and set-aside objects of the folder that an object lies in. */
  async settled(object: string): Promise<ReadonlySet<string>> {
    const keys = new Set<string>()
    for await (const { sk } of this.query(landedPartition(object))) keys.add(sk)
    const folder = object.slice(0, object.lastIndexOf('/') + 1)
    for await (const { sk } of this.query(ASIDE, folder)) keys.add(sk)
    return keys
  }

  async *loadFiles(): AsyncGenerator<LoadFileRecord> {
    for await (const item of this.query(LOADS)) yield storedLoadFile(item)
  }

  async days(): Promise<readonly ManifestDay[]> {
    const days: ManifestDay[] = []
    for await (const { sk } of this.query(DAYS)) {
      const at = sk.lastIndexOf('#')
      const of = readTableVersionKey(sk.slice(0, Math.max(at, 0)))
      if (of !== undefined) days.push({ table: of.name, version: of.version, day: sk.slice(at + 1) })
    }
    return days
  }

  async files(day: ManifestDay): Promise<readonly ManifestFile[]> {
    const files: ManifestFile[] = []
    for await (const { sk, file } of this.query(filesPartition(dayName(day))))
      files.push(fileOf(sk, textOf(file) ?? ''))
    return files
  }

  private query(pk: string, prefix?: string): AsyncGenerator<Item> {
    return this.table.range(pk, prefix === undefined ? {} : { prefix })
  }

  /* The items of one page follow one another. */
  private async *gather(table: string, items: AsyncIterable<Item>): AsyncGenerator<OpenPage> {
    let open: OpenPage | undefined
    for await (const { sk, shares, at } of items) {
      const [name = '', kind = '', ...rest] = sk.split(MARK)
      const key = `${table}#${name}`
      if (open?.page.key !== key) {
        if (open !== undefined) yield open
        const page = pageOfKey(key)
        open = page && openPage(page)
      }
      if (open === undefined) continue
      if (typeof shares === 'string') open.formatted = { shares: sharesOf(shares, open.page), at: Number(at) }
      else if (`!${kind}!` === LANDED) open.landed.add(landedId(key, rest.join(MARK)))
      else if (`!${kind}!` === REPLAYED) open.replayed.add(rest.join(MARK))
    }
    if (open !== undefined) yield open
  }

  /* An item lies at its first page: those before the next item are complete. Memory: pages of objects that overlap. */
  private async *brought(
    table: string,
    { from, to }: PositionRange,
    isLate = true,
  ): AsyncGenerator<OpenPage> {
    const waiting = new Map<string, OpenPage>()
    const range = between({ ...(from === undefined ? {} : { from: reachOf(from) }), ...(to && { to }) })
    for await (const item of this.table.range(blocksPartition(table), { ...range, isLate })) {
      yield* takenBefore(waiting, `${table}#${item.sk.split(MARK)[0]}`)
      for (const one of broughtBy(table, item)) {
        const { key, firstPosition } = one.page
        if ((from !== undefined && firstPosition < from) || (to !== undefined && firstPosition > to)) continue
        const open = waiting.get(key) ?? openPage(one.page)
        waiting.set(key, open)
        addBlock(open, one)
      }
    }
    yield* takenBefore(waiting, null)
  }
}

/** The record of a load's file. Throws `ledger/corrupt` for an item that is none. */
export function storedLoadFile({ record }: Item): LoadFileRecord {
  return { ...parsed(loadFile, textOf(record) ?? ''), files: [] }
}

function textOf(value: ItemValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
