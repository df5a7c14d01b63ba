import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { DeliveryQueue, type ReplicationBatch } from '../../../engine/postgres/stream/delivery-queue.ts'

const record = (name: string, bytes = 1): StreamRecord => ({
  sequence: name,
  partitionKey: name,
  data: Buffer.alloc(bytes),
})

/* A consumer whose deliveries end when the test says so. */
function gated(options: { batchRecords?: number; batchBytes?: number } = {}) {
  const batches: ReplicationBatch[] = []
  const pending: { resolve: () => void; reject: (cause: Error) => void }[] = []
  const events: string[] = []
  const queue = new DeliveryQueue({
    deliver: (batch) => {
      batches.push(batch)
      return new Promise((resolve, reject) => pending.push({ resolve, reject }))
    },
    batchRecords: options.batchRecords ?? 2,
    batchBytes: options.batchBytes ?? 1_000,
    lingerMs: 0,
    startLsn: 10n,
    delivered: (through) => events.push(`delivered ${through}`),
    idle: (lsn) => events.push(`idle ${lsn}`),
    failed: (cause) => events.push(`failed ${cause instanceof Error ? cause.message : ''}`),
  })
  return { queue, batches, pending, events }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the delivery queue', () => {
  test('says a batch is through only what ended with it, in any interleaving', async () => {
    const step = fc.constantFrom('change', 'change', 'change', 'commit', 'deliver', 'turn')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, batches, pending, events } = gated()
        let lsn = 10n
        let open = 0
        const commitOf = new Map<string, bigint>()
        const names: string[] = []
        for (const [i, action] of steps.entries()) {
          if (action === 'change') {
            names.push(`r${i}`)
            queue.add(record(`r${i}`))
            open += 1
          } else if (action === 'commit' && open > 0) {
            lsn += 10n
            for (const name of names.slice(-open)) commitOf.set(name, lsn)
            open = 0
            queue.reach(lsn)
          } else if (action === 'deliver') pending.shift()?.resolve()
          else await turn()
        }
        let isFlushed = false
        const flushed = queue.flush().then(() => {
          isFlushed = true
        })
        while (!isFlushed) {
          pending.shift()?.resolve()
          await turn()
        }
        await flushed
        await queue.stop()
        expect(queue.deliveredThrough).toBe(lsn)
        expect(batches.flatMap((batch) => batch.records.map((one) => one.sequence))).toEqual(names)
        for (const [i, batch] of batches.entries()) {
          const later = batches.slice(i + 1).flatMap((next) => next.records)
          /* Nothing that a later batch holds may count as delivered with this one. */
          for (const one of later)
            expect(commitOf.get(one.sequence) ?? lsn + 10n).toBeGreaterThan(batch.through)
        }
        const reached = events.map((event) => BigInt(event.split(' ')[1] ?? '0'))
        expect(reached).toEqual([...reached].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      }),
      { numRuns: 60 },
    )
  })

  test('cuts batches by records and by bytes, and delivers one at a time', async () => {
    const { queue, batches, pending } = gated({ batchRecords: 3, batchBytes: 100 })
    for (const bytes of [1, 1, 1, 60, 60, 1]) queue.add(record('r', bytes))
    await turn()
    expect([batches.length, queue.waitingBytes]).toEqual([1, 121])
    for (let i = 0; i < 3; i += 1) {
      pending.shift()?.resolve()
      await turn()
    }
    expect(batches.map((batch) => batch.records.length)).toEqual([3, 2, 1])
    expect(queue.waitingBytes).toBe(0)
  })

  test('delivers nothing after a refusal, and counts nothing of it', async () => {
    const { queue, batches, pending, events } = gated()
    for (const name of ['a', 'b', 'c', 'd']) queue.add(record(name))
    queue.reach(20n)
    pending.shift()?.reject(new Error('full'))
    await turn()
    queue.reach(30n)
    await queue.flush()
    expect([batches.length, queue.deliveredThrough, events]).toEqual([1, 10n, ['failed full']])
  })

  test('G1 a delivery counts for what it held, not for a record that waits behind it', async () => {
    const { queue, pending, events } = gated({ batchRecords: 1 })
    queue.add(record('a'))
    queue.reach(20n)
    queue.add(record('b'))
    queue.reach(30n)
    pending.shift()?.resolve()
    await turn()
    expect([queue.deliveredThrough, events]).toEqual([10n, ['delivered 10']])
    pending.shift()?.resolve()
    await turn()
    expect([queue.deliveredThrough, events]).toEqual([30n, ['delivered 10', 'delivered 30']])
  })

  test('G1 a full batch does not speak for a record that is collected behind it', async () => {
    const { queue, batches, pending } = gated({ batchRecords: 2 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.add(record(name))
    queue.reach(20n)
    pending.shift()?.resolve()
    await turn()
    expect(batches.map(({ records, through }) => [records.length, through])).toEqual([
      [2, 10n],
      [2, 10n],
    ])
    pending.shift()?.resolve()
    await turn()
    expect(queue.deliveredThrough).toBe(10n)
    pending.shift()?.resolve()
    await turn()
    expect(queue.deliveredThrough).toBe(20n)
  })

  test('G1 nothing counts past a delivery that is under way, nor past a record that waits', async () => {
    const { queue, pending, events } = gated({ batchRecords: 1 })
    queue.add(record('a'))
    queue.reach(20n)
    queue.reach(30n)
    expect([queue.deliveredThrough, events]).toEqual([10n, []])
    pending.shift()?.resolve()
    await turn()
    expect(queue.deliveredThrough).toBe(30n)
    const waiting = gated()
    waiting.queue.add(record('b'))
    waiting.queue.reach(20n)
    expect([waiting.queue.deliveredThrough, waiting.events]).toEqual([10n, []])
    await waiting.queue.stop()
  })

  test('G1 after a refusal nothing counts, whatever is reached and flushed then', async () => {
    const { queue, batches, pending, events } = gated({ batchRecords: 1 })
    queue.add(record('a'))
    queue.add(record('b'))
    pending.shift()?.reject(new Error('full'))
    await turn()
    queue.add(record('c'))
    queue.reach(30n)
    const flushed = queue.flush()
    for (const { resolve } of pending.splice(0)) resolve()
    await flushed
    expect([batches.length, queue.deliveredThrough, events]).toEqual([1, 10n, ['failed full']])
  })

  test('moves on by itself when there is nothing to deliver', () => {
    const { queue, events } = gated()
    queue.reach(20n)
    queue.reach(15n)
    expect([queue.deliveredThrough, events]).toEqual([20n, ['idle 20']])
  })
})
