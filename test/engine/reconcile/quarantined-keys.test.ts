import { expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { quarantinedKeys } from '../../../engine/reconcile/lake/quarantined-keys.ts'
import { captureBatch } from '../../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../../ingest/capture/decode-dms.ts'
import { MemoryLog, MemoryQuarantine, MemoryRawStore } from '../../ingest/memory-ports.ts'
import { letterRecord, type SentChange } from '../../ingest/refused-records.ts'
import { keys } from './reconcile-fixture.ts'

const letters = table({
  name: 'hr.letters',
  version: 1,
  owner: 'tests',
  description: 'Letters',
  unknownFields: 'drop',
  source: { system: 'tests', table: 'public.letters' },
  primaryKey: ['id'],
  columns: { id: col.integer('Key'), n: col.integer('Number'), note: col.string('Large') },
})

/* Captures records, and tells what a proof then knows of their keys. */
async function keysOf(...records: readonly Buffer[]) {
  const quarantine = new MemoryQuarantine()
  const stream = records.map((data, index) => ({ sequence: String(index), partitionKey: '', data }))
  await captureBatch(stream, {
    shard: 's',
    store: new MemoryRawStore(),
    quarantine,
    log: new MemoryLog(),
    decode: (data) => decodeDms(data, { epoch: 1, loadPositionOf: () => undefined }),
  })
  expect(quarantine.entries.size).toBe(records.length)
  return quarantinedKeys(quarantine, letters, Buffer.alloc(32), '~')
}

const change = (id: number, fate: SentChange['fate']) =>
  letterRecord({ operation: 'insert', fate, ordinal: id, row: { id, n: 1, note: 'x' } })
const edited = (id: number, from: string | RegExp, to: string) =>
  Buffer.from(change(id, 'accepted').toString().replace(from, to))

test('a change that capture refused, for whatever reason, is known to a proof by its key', async () => {
  const found = await keysOf(change(1, 'oversize'), change(2, 'broken text'), change(3, 'twice'))
  expect([...found.changes.keys()]).toEqual(keys(1, 2, 3))
  expect(found.unknown).toBe(0)
})

test.each([
  ['whose key stands twice', edited(1, '"id":1', '"id":1,"id":2')],
  ['whose row is no JSON', edited(1, '"n":1', '"n":')],
  ['that has no position', edited(1, 'stream-position', 'position')],
])('a change %s is counted as one of an unknown row', async (_what, record) => {
  const found = await keysOf(record, change(2, 'twice'))
  expect([...found.changes.keys()]).toEqual(keys(2))
  expect(found.unknown).toBe(1)
})
