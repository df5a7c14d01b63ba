import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Clock, Departure, Quarantine, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import { type DynamoTable, deleteOf, type Item, putOf, queryItems, writeBatches } from './dynamo-table.ts'
import { digestOf, partCount, partKey, partsOf, readParts } from './item-parts.ts'
import { mergeSorted } from './merge-sorted.ts'
import {
  entryName,
  payloadParts,
  placeKey,
  type StoredEntry,
  storedEntryOf,
  waitingItem,
} from './waiting-item.ts'

export interface DynamoQuarantineSettings {
  readonly table: DynamoTable
  /** Days after which an entry that nobody redrove is gone. */
  readonly retentionDays: number
  readonly now: Clock
}

const call: CallName = { code: 'quarantine/unavailable', what: 'quarantine' }
const TABLES = 'tables'
const PUTS_AT_ONCE = 8
const PLACES_AT_ONCE = 50
const MAX_PAYLOAD = 96 << 20
const compress = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/**
 * Quarantine on DynamoDB, encrypted with the table's key. Keeps the guarantees of `Quarantine`. Three items say an entry:
 * its table's name, its place in the order of arrival, itself; written in this order, so that what is there itself is
 * listed, and a place whose entry is not (a crash, another call was faster) is passed over. Writers on several
 * machines order by their clocks.
 */
export class DynamoQuarantine implements Quarantine {
  private readonly table: DynamoTable
  private readonly retentionDays: number
  private readonly now: Clock
  private readonly namedTables = new Set<string>()
  private arrivals = 0

  constructor({ table, retentionDays, now }: DynamoQuarantineSettings) {
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
    const directory = unnamed.map((name) => putOf({ pk: { S: TABLES }, sk: { S: `table#${name}` } }))
    await writeBatches(this.table, call, directory)
    for (const name of unnamed) this.namedTables.add(name)
    for (let start = 0; start < arriving.length; start += PUTS_AT_ONCE)
      await Promise.all(arriving.slice(start, start + PUTS_AT_ONCE).map((one) => this.putOne(one.entry, one)))
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
    const expires = Math.floor(this.now() / 1_000) + this.retentionDays * 86_400
    const item = waitingItem(entry, { since, arrival, digest: digestOf(payload), expires })
    const parts = partCount(payload)
    const place = { pk: { S: placeKey(entry.table) }, sk: { S: placeOf(arrival, entry.id) } }
    const expiry = { expires: { N: String(expires) } }
    await writeBatches(this.table, call, [
      ...partsOf(payloadParts(entry.id, arrival), payload, expiry),
      putOf({ ...place, id: { S: entry.id }, ...expiry }),
    ])
    const command = new PutItemCommand({
      TableName: this.table.name,
      Item: { ...item, ...(parts === 0 ? { payload: { B: payload } } : { parts: { N: String(parts) } }) },
      /* Its own arrival: the answer to an earlier attempt was lost. */
      ConditionExpression: 'attribute_not_exists(pk) OR arrival = :arrival',
      ExpressionAttributeValues: { ':arrival': { S: arrival } },
    })
    const isKept = await this.conditional((abortSignal) => this.table.client.send(command, { abortSignal }))
    if (!isKept) await this.removeAround(entry.id, { arrival, parts, table: entry.table })
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
    for (const id of ids) {
      const found = await this.stored(id)
      if (found === undefined || found.hasLeft) continue
      const command = new UpdateItemCommand({
        TableName: this.table.name,
        Key: keyOf(id),
        UpdateExpression: 'SET #left = :how REMOVE payload',
        ConditionExpression: 'arrival = :arrival',
        ExpressionAttributeNames: { '#left': 'left' },
        ExpressionAttributeValues: { ':how': { S: how }, ':arrival': { S: found.arrival } },
      })
      await this.conditional((abortSignal) => this.table.client.send(command, { abortSignal }))
      await this.remove(found)
    }
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
    const command = new DeleteItemCommand({
      TableName: this.table.name,
      Key: keyOf(entry.id),
      ConditionExpression: 'arrival = :arrival',
      ExpressionAttributeValues: { ':arrival': { S: arrival } },
    })
    await this.conditional((abortSignal) => this.table.client.send(command, { abortSignal }))
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
    return writeBatches(this.table, call, [
      ...Array.from({ length: parts }, (_, index) => deleteOf(name, partKey(index))),
      deleteOf(placeKey(table), placeOf(arrival, id)),
    ])
  }

  private async stored(id: string): Promise<StoredEntry | undefined> {
    const command = new GetItemCommand({ TableName: this.table.name, Key: keyOf(id), ConsistentRead: true })
    const { Item: item } = await callAws(call, this.table.retry, (abortSignal) =>
      this.table.client.send(command, { abortSignal }),
    )
    return item === undefined ? undefined : storedEntryOf(item)
  }

  private async payloadOf({ entry, arrival, payload, parts, digest }: StoredEntry): Promise<Buffer> {
    const packed =
      payload ?? (await readParts(this.table, call, payloadParts(entry.id, arrival), { parts, digest }))
    return inflate(packed, { maxOutputLength: MAX_PAYLOAD })
  }

  /* DynamoDB removes expired items within days; until then they are there and do not wait. */
  private isWaiting({ expires, hasLeft }: StoredEntry): boolean {
    return !hasLeft && expires * 1_000 > this.now()
  }

  private async tables(): Promise<readonly string[]> {
    const names: string[] = []
    const query = {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: TABLES } },
    }
    for await (const { sk } of queryItems(this.table, call, query))
      names.push((sk?.S ?? '').slice('table#'.length))
    return names
  }

  private async *places(pk: string): AsyncGenerator<{ place: string; id: string; arrival: string }> {
    const query = {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk } },
      Limit: PLACES_AT_ONCE,
    }
    for await (const { sk, id } of queryItems(this.table, call, query)) {
      const place = sk?.S ?? ''
      yield { place, id: id?.S ?? '', arrival: place.slice(0, place.indexOf('#', place.indexOf('#') + 1)) }
    }
  }

  /* Whether the condition held. */
  private conditional(send: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    return callAws(call, this.table.retry, async (signal) => {
      try {
        await send(signal)
        return true
      } catch (error) {
        if (isNamed(error, 'ConditionalCheckFailedException')) return false
        throw error
      }
    })
  }
}

function keyOf(id: string): Item {
  return { pk: { S: entryName(id) }, sk: { S: 'entry' } }
}

/* With the id: two machines may count the same arrival. */
function placeOf(arrival: string, id: string): string {
  return `${arrival}#${id}`
}
