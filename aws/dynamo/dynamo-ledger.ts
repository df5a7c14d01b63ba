import type {
  LandedObject,
  LoadFileRecord,
  ManifestChange,
  NamedBlock,
  PageRecord,
  ReplayedPages,
} from '../../core/ledger/ledger.ts'
import type { Clock, Ledger } from '../../core/ports/ports.ts'
import type { CallName } from '../calls/call-aws.ts'
import { type DynamoTable, deleteOf, type Item, putOf, writeBatches, writeSpread } from './dynamo-table.ts'
import {
  ASIDE,
  DAYS,
  dayName,
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
} from './ledger-item.ts'

export interface DynamoLedgerSettings {
  readonly table: DynamoTable
  /** Days that raw pages are kept; what is written of them stays a month longer. */
  readonly rawDays: number
  readonly now: Clock
}

const DAY_SECONDS = 86_400
const LONGER_DAYS = 30

export const ledgerCall = (table: DynamoTable): CallName => ({
  code: 'ledger/unavailable',
  what: `ledger ${table.name}`,
})

/**
 * The ledger on DynamoDB: items that are put whole and never read to be written (docs/adr/0027). Keeps the guarantees of
 * `Ledger`, with any number of writers: what format and land say of a page are items of their own, so they come in any
 * order and as often as they like. Sums are made by who reads (`DynamoLedgerReader`). A page's record holds at least 3,000 blocks.
 */
export class DynamoLedger implements Ledger {
  private readonly table: DynamoTable
  private readonly rawDays: number
  private readonly now: Clock
  private readonly call: CallName
  private readonly knownDays = new Set<string>()

  constructor({ table, rawDays, now }: DynamoLedgerSettings) {
    this.table = table
    this.rawDays = rawDays
    this.now = now
    this.call = ledgerCall(table)
  }

  /** On AWS nobody knows which object Firehose puts a block into; land says it of an object that it sets aside. */
  async delivered(object: string, blocks: readonly NamedBlock[]): Promise<void> {
    const more = this.expiry()
    await writeSpread(
      this.table,
      this.call,
      blocks.map((block) => objectBlockItem(object, block, more)),
    )
  }

  async formatted(pages: readonly PageRecord[]): Promise<void> {
    const stamp = this.stamp()
    await writeSpread(
      this.table,
      this.call,
      pages.map((page) => recordItem(page, stamp)),
    )
  }

  async redriven(blocks: readonly NamedBlock[]): Promise<void> {
    const stamp = this.stamp()
    await writeSpread(
      this.table,
      this.call,
      blocks.map((block) => redriveItem(block, stamp)),
    )
  }

  /** The object itself last: who finds it finds the rest. */
  async landed({ object, blocks, files }: LandedObject): Promise<void> {
    const more = this.expiry()
    for (const change of files) await this.replaceFiles(change)
    await writeSpread(
      this.table,
      this.call,
      blocks.flatMap((block) => landedItem(block, more) ?? []),
    )
    const key = { pk: { S: landedPartition(object) }, sk: { S: object } }
    await writeBatches(this.table, this.call, [putOf({ ...key, ...more })])
  }

  async setAside(object: string): Promise<void> {
    const { at, more } = this.stamp()
    const item = { pk: { S: ASIDE }, sk: { S: object }, at: { N: String(at) } }
    await writeBatches(this.table, this.call, [putOf({ ...item, ...more })])
  }

  async replayed({ contract, pages, from, to }: ReplayedPages): Promise<void> {
    const { at, more } = this.stamp()
    const marks = pages.flatMap((page) => {
      const place = placeInLedger(page)
      return place === undefined
        ? []
        : [putOf({ pk: { S: place.pk }, sk: { S: `${place.sk}${REPLAYED}${contract}` }, ...more })]
    })
    await writeSpread(this.table, this.call, marks)
    const range = {
      ...(from === null ? {} : { from: { S: from } }),
      ...(to === null ? {} : { to: { S: to } }),
    }
    const key = { pk: { S: redrivePartition(contract) }, sk: { S: `${REPLAYED}${from ?? ''}#${to ?? ''}` } }
    await writeBatches(this.table, this.call, [putOf({ ...key, ...range, at: { N: String(at) }, ...more })])
  }

  /** Records of loads and history files stay: they are of what is in the lake. */
  async recordLoadFile(file: LoadFileRecord): Promise<void> {
    for (const change of file.files) await this.replaceFiles(change)
    const text = JSON.stringify({ ...file, files: [] })
    await writeBatches(this.table, this.call, [
      putOf({ pk: { S: LOADS }, sk: { S: file.key }, record: { S: text } }),
    ])
  }

  async replaceFiles(change: ManifestChange): Promise<void> {
    const day = dayName(change)
    /* The day first, then files that come, then those that go: who reads in between misses no file that is there. */
    if (!this.knownDays.has(day))
      await writeBatches(this.table, this.call, [putOf({ pk: { S: DAYS }, sk: { S: day } })])
    this.knownDays.add(day)
    await writeBatches(this.table, this.call, [
      ...change.added.map((file) => fileItem(day, file)),
      ...change.removed.map((key) => deleteOf(filesPartition(day), key)),
    ])
  }

  private expiry(): Item {
    const seconds = Math.floor(this.now() / 1_000) + (this.rawDays + LONGER_DAYS) * DAY_SECONDS
    return { expires: { N: String(seconds) } }
  }

  private stamp(): { readonly at: number; readonly more: Item } {
    return { at: this.now(), more: this.expiry() }
  }
}
