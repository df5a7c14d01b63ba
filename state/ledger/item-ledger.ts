import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type {
  LandedObject,
  LedgerLine,
  LoadFileRecord,
  ManifestChange,
  NamedBlock,
  PageRecord,
  ReplayedPages,
} from '../../core/ledger/ledger.ts'
import { type ItemTable, type ItemWrite, put, remove } from '../../core/ports/item-table.ts'
import type { Clock, Ledger } from '../../core/ports/ports.ts'
import { asideItems, landedItems } from './landed-blocks.ts'
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

/** Writes that come after those of the step before; within it in their order, or in any. */
export interface LedgerStep {
  readonly writes: readonly ItemWrite[]
  readonly order: 'given' | 'any'
}

const inOrder = (writes: readonly ItemWrite[]): LedgerStep => ({ writes, order: 'given' })
const inAnyOrder = (writes: readonly ItemWrite[]): LedgerStep => ({ writes, order: 'any' })

/**
 * The ledger: items that are put whole and never read to be written (docs/adr/0027). Keeps the guarantees of
 * `Ledger`, with any number of writers: what format says of a page and what land says of an object are items of their own,
 * so they come in any order and as often as they like. Sums are made by who reads (`LedgerReader`). A page's record holds at least 3,000 blocks.
 */
export class ItemLedger implements Ledger {
  protected readonly table: ItemTable
  private readonly rawDays: number | null
  private readonly now: Clock
  private readonly knownDays = new Set<string>()
  /** Whether landed objects are written down: where they stay nobody else says which of them were landed. */
  protected readonly notesObjects: boolean = true

  constructor({ table, rawDays, now }: LedgerSettings) {
    this.table = table
    this.rawDays = rawDays
    this.now = now
  }

  /** On AWS nobody knows which object Firehose puts a block into; land says it of an object that it sets aside. */
  async delivered(object: string, blocks: readonly NamedBlock[]): Promise<void> {
    const stamp = this.stamp()
    const items = blocks.map((block) => objectBlockItem(object, block, stamp.more))
    const records = asideItems({ object, blocks }, stamp, this.table.shape)
    await this.keep({ kind: 'delivered', object, blocks }, [inAnyOrder([...items, ...records])])
  }

  async formatted(pages: readonly PageRecord[]): Promise<void> {
    const stamp = this.stamp()
    const items = pages.map((page) => recordItem(page, stamp, this.table.shape))
    await this.keep({ kind: 'formatted', pages }, [inAnyOrder(items)])
  }

  async redriven(blocks: readonly NamedBlock[]): Promise<void> {
    const stamp = this.stamp()
    const items = blocks.map((block) => redriveItem(block, stamp))
    await this.keep({ kind: 'redriven', blocks }, [inAnyOrder(items)])
  }

  /** The object itself last: who finds it finds the rest. */
  async landed(landed: LandedObject): Promise<void> {
    const { object, files } = landed
    const more = this.expiry()
    await this.keep({ kind: 'landed', ...landed }, [
      ...files.flatMap((change) => this.filesOf(change)),
      inAnyOrder(this.marksOf(landed)),
      inOrder(this.notesObjects ? [put({ pk: landedPartition(object), sk: object, ...more })] : []),
    ])
  }

  async setAside(object: string): Promise<void> {
    const { at, more } = this.stamp()
    await this.keep({ kind: 'aside', object }, [inOrder([put({ pk: ASIDE, sk: object, at, ...more })])])
  }

  async replayed(replayed: ReplayedPages): Promise<void> {
    const { pages, from, to } = replayed
    const contract = printTableVersion(replayed.contract)
    const { at, more } = this.stamp()
    const marks = pages.flatMap((page) => {
      const place = placeInLedger(page, this.table.shape)
      return place === undefined
        ? []
        : [put({ pk: place.pk, sk: `${place.sk}${REPLAYED}${contract}`, ...more })]
    })
    const range = { ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) }
    const key = { pk: redrivePartition(contract), sk: `${REPLAYED}${from ?? ''}#${to ?? ''}` }
    await this.keep({ kind: 'replayed', ...replayed }, [
      inAnyOrder(marks),
      inOrder([put({ ...key, ...range, at, ...more })]),
    ])
  }

  /** Records of loads and history files stay: they are of what is in the lake. */
  async recordLoadFile(file: LoadFileRecord): Promise<void> {
    const record = JSON.stringify({ ...file, files: [] })
    await this.keep({ kind: 'load', ...file }, [
      ...file.files.flatMap((change) => this.filesOf(change)),
      inOrder([put({ pk: LOADS, sk: file.key, record })]),
    ])
  }

  async replaceFiles(change: ManifestChange): Promise<void> {
    await this.keep({ kind: 'files', ...change }, this.filesOf(change))
  }

  /** That blocks have landed: those of pages by object and source table, those of redrives one by one. */
  protected marksOf({ object, blocks }: LandedObject): readonly ItemWrite[] {
    const [stamp, { shape }] = [this.stamp(), this.table]
    const redriven = blocks.filter(({ origin }) => origin === 'redrive')
    return [
      ...redriven.flatMap((block) => landedItem(block, stamp.more, shape) ?? []),
      ...landedItems({ object, blocks }, stamp, shape),
    ]
  }

  /** Writes down what is said, in the steps that a reader beside it may see one by one. */
  protected async keep(_: LedgerLine, steps: readonly LedgerStep[]): Promise<void> {
    for (const { writes, order } of steps) {
      if (order === 'any') await this.table.writeSpread(writes)
      else await this.table.write(writes)
      for (const one of writes)
        if (one.kind === 'put' && one.item.pk === DAYS) this.knownDays.add(one.item.sk)
    }
  }

  /* The day first, then files that come, then those that go: who reads in between misses no file that is there. */
  private filesOf(change: ManifestChange): readonly LedgerStep[] {
    const day = dayName(change)
    return [
      ...(this.knownDays.has(day) ? [] : [inOrder([put({ pk: DAYS, sk: day })])]),
      inOrder([
        ...change.added.map((file) => fileItem(day, file)),
        ...change.removed.map((key) => remove(filesPartition(day), key)),
      ]),
    ]
  }

  protected expiry(): Expiry {
    if (this.rawDays === null) return {}
    return { expires: Math.floor(this.now() / 1_000) + (this.rawDays + LONGER_DAYS) * DAY_SECONDS }
  }

  protected stamp(): Stamp {
    return { at: this.now(), more: this.expiry() }
  }
}
