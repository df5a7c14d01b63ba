import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { impatientLine, TcpLine } from '../../support/tcp-line.ts'
import {
  collect,
  confirmedFlush,
  envelope,
  prepare,
  type SourceServer,
  startSource,
  until,
  walEnd,
} from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const TABLE = 'create table item (id int primary key, body text)'

/* What may differ between two deliveries of one change is taken out. */
function repeatable(record: StreamRecord): string {
  return record.data
    .toString()
    .replace(/"metadata":\{"timestamp":"[^"]*",/, '')
    .replace(/"prev-transaction-id":\d+,"prev-transaction-record-id":\d+,/, '')
}

function placeOf(record: StreamRecord): string {
  return String(envelope(record).metadata['stream-position'])
}

/* A line to the server that can go silent without closing, as a broken network does. */
describe('acknowledgement', () => {
  test('a large transaction crosses batches, and through stays behind until its commit', async () => {
    const database = await server.database(TABLE)
    const { tables, lsn } = await prepare(database, 'large')
    const stream = collect(database, tables, { slot: 'large', startLsn: lsn, batchRecords: 3_000 })
    await database.client.query('insert into item select i, null from generate_series(1, 20000) i')
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(stream.records).toHaveLength(20_000)
    const sizes = stream.batches.map((batch) => batch.records.length)
    expect(sizes.length).toBeGreaterThan(6)
    /* Smaller where the reader was faster than the server. */
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3_000)
    const position = placeOf(stream.records[0] as StreamRecord)
    const commit = BigInt(`0x${position.slice(0, 17).replace('/', '')}`)
    for (const batch of stream.batches.slice(0, 6)) expect(batch.through).toBeLessThan(commit)
    const end = stream.batches.at(-1)?.through ?? 0n
    expect(end > commit ? end : (stream.idles.find((idle) => idle > commit) ?? 0n)).toBeGreaterThan(commit)
    const sequences = stream.records.map((record) => record.sequence)
    expect(new Set(sequences).size).toBe(20_000)
    expect(sequences).toEqual([...sequences].sort())
  })

  test('after a refused batch the server still has it', async () => {
    const database = await server.database(TABLE)
    const { tables, lsn } = await prepare(database, 'refused')
    const before = await confirmedFlush(database.client, 'refused')
    const refusing = collect(database, tables, {
      slot: 'refused',
      startLsn: lsn,
      deliver: () => Promise.reject(new Error('disk full')),
    })
    await database.client.query('insert into item values (1)')
    await expect(refusing.done).rejects.toThrow('disk full')
    expect(await confirmedFlush(database.client, 'refused')).toBe(before)
    const second = collect(database, tables, { slot: 'refused', startLsn: lsn })
    await second.caughtUp(database.client)
    await second.stop()
    expect(second.records.map((record) => record.partitionKey)).toEqual(['public.item.1'])
  })

  test('what is delivered is acknowledged when the stream stops', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'stopped')
    const stream = collect(database, tables, { slot: 'stopped' })
    await database.client.query('insert into item values (1)')
    await until(() => stream.records.length === 1)
    await stream.stop()
    const through = [...stream.idles, ...stream.batches.map((batch) => batch.through)].at(-1) ?? 0n
    expect(await confirmedFlush(database.client, 'stopped')).toBeGreaterThanOrEqual(through)
    const again = collect(database, tables, { slot: 'stopped' })
    await again.caughtUp(database.client)
    await again.stop()
    expect(again.records).toEqual([])
  })

  test('changes that no one publishes move the slot on', async () => {
    const database = await server.database(TABLE)
    const { tables, lsn } = await prepare(database, 'idle')
    const stream = collect(database, tables, { slot: 'idle', startLsn: lsn })
    await database.client.query('create table unpublished as select generate_series(1, 1000)')
    const end = await walEnd(database.client)
    await stream.caughtUp(database.client)
    await until(async () => (await confirmedFlush(database.client, 'idle')) >= end)
    await stream.stop()
    expect(stream.batches).toEqual([])
  })

  test('one batch is delivered at a time, and nothing after stop', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'single')
    let running = 0
    let most = 0
    const stream = collect(database, tables, {
      slot: 'single',
      batchRecords: 10,
      deliver: async () => {
        running += 1
        most = Math.max(most, running)
        await sleep(2)
        running -= 1
      },
    })
    for (let i = 0; i < 100; i += 10)
      await database.client.query(`insert into item select generate_series(${i}, ${i + 9})`)
    await stream.caughtUp(database.client)
    await stream.stop()
    const delivered = stream.records.length
    await database.client.query('insert into item values (1000)')
    await sleep(50)
    expect([most, delivered, stream.records.length]).toEqual([1, 100, 100])
  })
})

describe('a connection that breaks', () => {
  test('is source/unreachable, and a resumed stream repeats the same bytes', async () => {
    const database = await server.database(TABLE)
    const { tables, lsn } = await prepare(database, 'broken')
    let resume = lsn
    const first = collect(database, tables, {
      slot: 'broken',
      startLsn: lsn,
      batchRecords: 500,
      deliver: async (batch) => {
        resume = batch.through
        await sleep(1)
      },
    })
    await database.client.query(`insert into item values (0, 'first')`)
    await first.caughtUp(database.client)
    await database.client.query(`insert into item select i, md5(i::text) from generate_series(1, 20000) i`)
    await until(() => first.records.length > 2_000)
    await database.client.query(
      `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = 'broken'`,
    )
    await expect(first.done).rejects.toMatchObject({ code: 'source/unreachable' })
    expect(first.records.length).toBeLessThan(20_000)
    const second = collect(database, tables, { slot: 'broken', startLsn: resume })
    await second.caughtUp(database.client)
    await second.stop()
    const seen = new Map(second.records.map((record) => [placeOf(record), repeatable(record)]))
    const repeated = first.records.filter((record) => seen.has(placeOf(record)))
    expect(repeated.length).toBeGreaterThan(2_000)
    for (const record of repeated) expect(repeatable(record)).toBe(seen.get(placeOf(record)))
    const keys = new Set([...first.records, ...second.records].map((record) => record.partitionKey))
    expect(keys.size).toBe(20_001)
  })

  test('does not break while there is nothing to read: the pings of the server are answered', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'pinged')
    const line = await impatientLine(database.source.url, 500)
    const stream = collect({ ...database, source: { url: line.url } }, tables, { slot: 'pinged' })
    await stream.caughtUp(database.client)
    await sleep(1_200)
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(stream.records).toEqual([])
    await line.cut()
  })

  test('does not break while one row takes longer than the wal_sender_timeout of the role', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'deaf')
    for (const setting of ['wal_sender_timeout', 'tcp_user_timeout'])
      await database.client.query(`alter database ${database.name} set ${setting} = '200ms'`)
    let isBusy = true
    const stream = collect(database, tables, {
      slot: 'deaf',
      sequence: () => {
        /* Nothing is heard or answered meanwhile. */
        if (isBusy) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800)
        isBusy = false
        return '1'
      },
    })
    await database.client.query(`insert into item values (1, 'large'), (2, 'small')`)
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(stream.records).toHaveLength(2)
  })

  test('a slot that is gone is source/slot-lost, and a slot that is read is source/slot-in-use', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'taken')
    const lost = collect(database, tables, { slot: 'never_made' })
    await expect(lost.done).rejects.toMatchObject({ code: 'source/slot-lost' })
    const owner = collect(database, tables, { slot: 'taken' })
    await owner.caughtUp(database.client)
    const second = collect(database, tables, { slot: 'taken' })
    await expect(second.done).rejects.toMatchObject({ code: 'source/slot-in-use' })
    await owner.stop()
  })

  test('a log that ends before our position is another log', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'restored')
    const stream = collect(database, tables, { slot: 'restored', startLsn: 1n << 60n })
    await expect(stream.done).rejects.toMatchObject({ code: 'source/slot-lost' })
  })

  test('is dead when nothing arrives on it, not even the answer to a ping', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'silent')
    const line = await TcpLine.open(database.source.url)
    const stream = collect({ ...database, source: { url: line.url } }, tables, {
      slot: 'silent',
      silenceMs: 500,
    })
    await stream.caughtUp(database.client)
    line.stall()
    await expect(stream.done).rejects.toMatchObject({
      code: 'source/unreachable',
      message: 'nothing came from the source for 0.5 s',
    })
    await line.cut()
  })

  test('a server that is not there is source/unreachable', async () => {
    const database = await server.database(TABLE)
    const stream = collect({ ...database, source: { url: 'postgres://nobody@127.0.0.1:1/none' } }, [], {
      slot: 'none',
    })
    await expect(stream.done).rejects.toMatchObject({ code: 'source/unreachable' })
  })

  test('a missing publication is named', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'unpublished')
    const stream = collect(database, tables, { slot: 'unpublished', publication: "it's gone" })
    await database.client.query('insert into item values (1)')
    await expect(stream.done).rejects.toMatchObject({ code: 'source/publication' })
  })
})

describe('a slow consumer', () => {
  test('holds the source back instead of filling memory, and stays connected', async () => {
    const database = await server.database(TABLE)
    const { tables } = await prepare(database, 'slow')
    const line = await impatientLine(database.source.url, 2_000)
    let rendered = 0
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const stream = collect({ ...database, source: { url: line.url } }, tables, {
      slot: 'slow',
      batchBytes: 128 * 1024,
      sequence: () => {
        rendered += 1
        return String(rendered)
      },
      deliver: () => gate,
    })
    await database.client.query(
      `insert into item select i, repeat('x', 1000) from generate_series(1, 20000) i`,
    )
    await until(() => rendered > 100)
    /* Longer than the server's patience with a reader that does not answer. */
    await sleep(2_600)
    /* One batch in delivery, twice as much waiting, and what one read of the socket held. */
    expect(rendered * 1_000).toBeLessThan(1024 * 1024)
    open()
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(stream.records).toHaveLength(20_000)
    await line.cut()
  })
})
