import type {
  LandedObject,
  LoadFileRecord,
  ManifestChange,
  NamedBlock,
  PageRecord,
  ReplayedPages,
} from '../../core/ledger/ledger.ts'
import { type ItemTable, put, remove } from '../../core/ports/item-table.ts'
import type { Clock, Ledger } from '../../core/ports/ports.ts'
import {
  ASIDE,
  DAYS,
  dayName,
  type Expiry,
  fileItem,
  filesPartition,
  LOADS,
  landedItem,
  landedPartition,
  objectBlockItem,
  placeInLedger,
  REPLAYED,
  recordItem,
  redriveItem,
  redrivePartition,
  type Stamp,
} from './ledger-item.ts'

export interface LedgerSettings {
  readonly table: ItemTable
  /** Days that raw pages are kept, null for ever; what is written of them stays a month longer. */
  readonly rawDays: number | null
  readonly now: Clock
}

const DAY_SECONDS = 86_400
const LONGER_DAYS = 30

/**
 * The ledger: items that are put whole and never read to be written (docs/adr/0027). Keeps the guarantees of
 * `Ledger`, with any number of writers: what format and land say of a page are items of their own, so they come in any
 * order and as often as they like. Sums are made by who reads (`LedgerReader`). A page's record holds at least 3,000 blocks.
 */
export class ItemLedger implements Ledger {
  private readonly table: ItemTable
  private readonly rawDays: number | null
  private readonly now: Clock
  private readonly knownDays = new Set<string>()

  constructor({ table, rawDays, now }: LedgerSettings) {
    this.table = table
    this.rawDays = rawDays
    this.now = now
  }

  /** On AWS nobody knows which object Firehose puts a block into; land says it of an object that it sets aside. */
  async delivered(object: string, blocks: readonly NamedBlock[]): Promise<void> {
    const more = this.expiry()
    await this.table.writeSpread(blocks.map((block) => objectBlockItem(object, block, more)))
  }

  async formatted(pages: readonly PageRecord[]): Promise<void> {
    const stamp = this.stamp()
    await this.table.writeSpread(pages.map((page) => recordItem(page, stamp, this.table.shape)))
  }

  async redriven(blocks: readonly NamedBlock[]): Promise<void> {
    const stamp = this.stamp()
    await this.table.writeSpread(blocks.map((block) => redriveItem(block, stamp)))
  }

  /** The object itself last: who finds it finds the rest. */
  async landed({ object, blocks, files }: LandedObject): Promise<void> {
    const more = this.expiry()
    for (const change of files) await this.replaceFiles(change)
    await this.table.writeSpread(blocks.flatMap((block) => landedItem(block, more, this.table.shape) ?? []))
    await this.table.write([put({ pk: landedPartition(object), sk: object, ...more })])
  }

  async setAside(object: string): Promise<void> {
    const { at, more } = this.stamp()
    await this.table.write([put({ pk: ASIDE, sk: object, at, ...more })])
  }

  async replayed({ contract, pages, from, to }: ReplayedPages): Promise<void> {
    const { at, more } = this.stamp()
    const marks = pages.flatMap((page) => {
      const place = placeInLedger(page, this.table.shape)
      return place === undefined
        ? []
        : [put({ pk: place.pk, sk: `${place.sk}${REPLAYED}${contract}`, ...more })]
    })
    await this.table.writeSpread(marks)
    const range = { ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) }
    const key = { pk: redrivePartition(contract), sk: `${REPLAYED}${from ?? ''}#${to ?? ''}` }
    await this.table.write([put({ ...key, ...range, at, ...more })])
  }

  /** Records of loads and history files stay: they are of what is in the lake. */
  async recordLoadFile(file: LoadFileRecord): Promise<void> {
    for (const change of file.files) await this.replaceFiles(change)
    const record = JSON.stringify({ ...file, files: [] })
    await this.table.write([put({ pk: LOADS, sk: file.key, record })])
  }

  async replaceFiles(change: ManifestChange): Promise<void> {
    const day = dayName(change)
    /* The day first, then files that come, then those that go: who reads in between misses no file that is there. */
    if (!this.knownDays.has(day)) await this.table.write([put({ pk: DAYS, sk: day })])
    this.knownDays.add(day)
    await this.table.write([
      ...change.added.map((file) => fileItem(day, file)),
      ...change.removed.map((key) => remove(filesPartition(day), key)),
    ])
  }

  private expiry(): Expiry {
    if (this.rawDays === null) return {}
    return { expires: Math.floor(this.now() / 1_000) + (this.rawDays + LONGER_DAYS) * DAY_SECONDS }
  }

  private stamp(): Stamp {
    return { at: this.now(), more: this.expiry() }
  }
}
