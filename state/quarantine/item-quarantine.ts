import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { type Item, type ItemCondition, type ItemTable, put, remove } from '../../core/ports/item-table.ts'
import type { Clock, Departure, Quarantine, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import { digestOf, partCount, partKey, partsOf, readParts } from '../item-parts.ts'
import { mergeSorted } from '../merge-sorted.ts'
import {
  keyOfEntry,
  payloadParts,
  placeKey,
  type StoredEntry,
  storedEntryOf,
  waitingItem,
} from './waiting-item.ts'

export interface QuarantineSettings {
  readonly table: ItemTable
  /** Days after which an entry that nobody redrove is gone; null where it waits without end. */
  readonly retentionDays: number | null
  readonly now: Clock
}

const TABLES = 'tables'
const PLACES_AT_ONCE = 50
const MAX_PAYLOAD = 96 << 20
const compress = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/**
 * Quarantine as items. Keeps the guarantees of `Quarantine`. Three items say an entry:
 * its table's name, its place in the order of arrival, itself; written in this order, so that what is there itself is
 * listed, and a place whose entry is not (a crash, another call was faster) is passed over. Writers on several
 * machines order by their clocks.
 */
export class ItemQuarantine implements Quarantine {
  protected readonly table: ItemTable
  private readonly retentionDays: number | null
  protected readonly now: Clock
  private readonly namedTables = new Set<string>()
  /** Entries that came so far: tells apart those of one millisecond. */
  protected arrivals = 0

  constructor({ table, retentionDays, now }: QuarantineSettings) {
    this.table = table
    this.retentionDays = retentionDays
    this.now = now
  }

  async put(entries: readonly QuarantineEntry[]): Promise<void> {
    const fresh = new Map(entries.toReversed().map((entry) => [entry.id, entry]))
    const arriving = [...fresh.values()].reverse().map((entry) => {
      const since = new Date(this.now()).toISOString()
      this.arrivals += 1
      return { entry, since, arrival: `${since}#${String(this.arrivals).padStart(9, '0')}` }
    })
    const names = new Set(entries.map(({ table }) => table ?? ''))
    const unnamed = [...names].filter((name) => !this.namedTables.has(name))
    await this.table.write(unnamed.map((name) => put({ pk: TABLES, sk: `table#${name}` })))
    for (const name of unnamed) this.namedTables.add(name)
    const { callsAtOnce } = this.table.shape
    for (let start = 0; start < arriving.length; start += callsAtOnce)
      await Promise.all(arriving.slice(start, start + callsAtOnce).map((one) => this.putOne(one.entry, one)))
  }

  private async putOne(
    entry: QuarantineEntry,
    { since, arrival }: { readonly since: string; readonly arrival: string },
  ): Promise<void> {
    /* Looked at first, for most repetitions write nothing then. The condition below decides. */
    const known = await this.stored(entry.id)
    if (known !== undefined && this.isWaiting(known)) return
    if (known !== undefined) await this.remove(known)
    const payload = await compress(Buffer.from(entry.payload))
    const { shape } = this.table
    const more = this.expiry()
    const parts = partCount(payload, shape)
    await this.table.write([
      ...partsOf(payloadParts(entry.id, arrival), payload, { shape, more: { ...more } }),
      put({ pk: placeKey(entry.table), sk: placeOf(arrival, entry.id), id: entry.id, ...more }),
    ])
    const item = waitingItem(entry, { since, arrival, digest: digestOf(payload), ...more })
    const isKept = await this.keep({ ...item, ...(parts === 0 ? { payload } : { parts }) }, arrival)
    if (!isKept) await this.removeAround(entry.id, { arrival, parts, table: entry.table })
  }

  /** Whether the entry waits now; another call may have been faster. */
  protected keep(item: Item, arrival: string): Promise<boolean> {
    /* Its own arrival: the answer to an earlier attempt was lost. */
    return this.table.putIf(item, [{ kind: 'absent' }, arrivedAt(arrival)])
  }

  /** The entry waits no more, and its payload is gone. */
  protected async leave({ entry, arrival }: StoredEntry, how: Departure): Promise<void> {
    const change = { set: { left: how }, remove: ['payload'] }
    await this.table.changeIf(keyOfEntry(entry.id), change, [arrivedAt(arrival)])
  }

  async *list({ table }: { readonly table?: string } = {}): AsyncIterable<WaitingEntry> {
    const tables = table === undefined ? await this.tables() : [table]
    const sources = tables.map((name) => this.places(placeKey(name)))
    for await (const { id, arrival } of mergeSorted(sources, (a, b) => (a.place < b.place ? -1 : 1))) {
      const found = await this.stored(id)
      if (found === undefined || found.arrival !== arrival || !this.isWaiting(found)) continue
      const payload = await this.payloadOf(found).catch(async (error: unknown) => {
        /* Its parts go while it is read when another call releases it. */
        const now = await this.stored(id)
        if (now?.arrival === arrival && !now.hasLeft) throw error
        return undefined
      })
      if (payload !== undefined) yield { ...found.entry, payload: payload.toString('utf8') }
    }
  }

  /**
   * How many entries wait, `most` at most, and since when the oldest does (ISO 8601 UTC); payloads are not read. Places whose
   * entry was released in between, or is not written yet, count.
   */
  async summary(most: number): Promise<{ readonly waiting: number; readonly since: string | null }> {
    const sources = (await this.tables()).map((name) => this.places(placeKey(name)))
    let waiting = 0
    let since: string | null = null
    for await (const { id, arrival } of mergeSorted(sources, (a, b) => (a.place < b.place ? -1 : 1))) {
      if (since === null) {
        const found = await this.stored(id)
        if (found === undefined || found.arrival !== arrival || !this.isWaiting(found)) continue
        since = found.entry.since
      }
      waiting += 1
      if (waiting >= most) break
    }
    return { waiting, since }
  }

  async release(ids: readonly string[], how: Departure): Promise<void> {
    const { callsAtOnce } = this.table.shape
    const each = [...new Set(ids)]
    for (let start = 0; start < each.length; start += callsAtOnce)
      await Promise.all(each.slice(start, start + callsAtOnce).map((id) => this.releaseOne(id, how)))
  }

  private async releaseOne(id: string, how: Departure): Promise<void> {
    const found = await this.stored(id)
    if (found === undefined || found.hasLeft) return
    await this.leave(found, how)
    await this.remove(found)
  }

  /** Removes what a release that was cut off has left. */
  async purge(): Promise<void> {
    for (const table of await this.tables())
      for await (const { id, arrival } of this.places(placeKey(table))) {
        const found = await this.stored(id)
        if (found?.hasLeft === true && found.arrival === arrival) await this.remove(found)
      }
  }

  /* The entry itself goes last: it names the rest. */
  private async remove(found: StoredEntry): Promise<void> {
    const { entry, arrival, parts } = found
    await this.removeAround(entry.id, { arrival, parts, table: entry.table })
    await this.table.deleteIf(keyOfEntry(entry.id), [arrivedAt(arrival)])
  }

  private removeAround(
    id: string,
    {
      arrival,
      parts,
      table,
    }: { readonly arrival: string; readonly parts: number; readonly table: string | null },
  ): Promise<void> {
    const name = payloadParts(id, arrival)
    return this.table.write([
      ...Array.from({ length: parts }, (_, index) => remove(name, partKey(index))),
      remove(placeKey(table), placeOf(arrival, id)),
    ])
  }

  private async stored(id: string): Promise<StoredEntry | undefined> {
    const item = await this.table.get(keyOfEntry(id))
    return item === undefined ? undefined : storedEntryOf(item)
  }

  private async payloadOf({ entry, arrival, payload, parts, digest }: StoredEntry): Promise<Buffer> {
    const name = payloadParts(entry.id, arrival)
    const packed = payload ?? (await readParts(this.table, name, { parts, digest, what: 'quarantine' }))
    return inflate(packed, { maxOutputLength: MAX_PAYLOAD })
  }

  private expiry(): { readonly expires?: number } {
    if (this.retentionDays === null) return {}
    return { expires: Math.floor(this.now() / 1_000) + this.retentionDays * 86_400 }
  }

  /* DynamoDB removes expired items within days; until then they are there and do not wait. */
  private isWaiting({ expires, hasLeft }: StoredEntry): boolean {
    return !hasLeft && (expires === undefined || expires * 1_000 > this.now())
  }

  private async tables(): Promise<readonly string[]> {
    const names: string[] = []
    for await (const { sk } of this.table.range(TABLES)) names.push(sk.slice('table#'.length))
    return names
  }

  private async *places(pk: string): AsyncGenerator<{ place: string; id: string; arrival: string }> {
    for await (const { sk: place, id } of this.table.range(pk, { atOnce: PLACES_AT_ONCE }))
      yield { place, id: String(id), arrival: place.slice(0, place.indexOf('#', place.indexOf('#') + 1)) }
  }
}

function arrivedAt(arrival: string): ItemCondition {
  return { kind: 'equal', name: 'arrival', value: arrival }
}

/* With the id: two machines may count the same arrival. */
function placeOf(arrival: string, id: string): string {
  return `${arrival}#${id}`
}
