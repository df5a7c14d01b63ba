import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../core/change.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { isJsonObject, parseJsonObject, stringifyJson } from '../../core/json.ts'
import { decodePage } from '../../core/page.ts'
import { loadPosition } from '../../core/position.ts'
import { MAX_ROW_BYTES } from '../../core/row-limit.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { type CaptureDeps, captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { isWhole, runs } from '../support/budget.ts'
import { recordLine } from './dms-fixture.ts'
import { MemoryLog, MemoryQuarantine, MemoryRawStore } from './memory-ports.ts'

function stores() {
  return { store: new MemoryRawStore(), quarantine: new MemoryQuarantine(), log: new MemoryLog() }
}

const options = { epoch: 0, loadPositionOf: () => loadPosition(0, 5n) }

function capture(records: readonly StreamRecord[], deps: Omit<CaptureDeps, 'shard' | 'decode'>) {
  return captureBatch(records, { shard: 'shard-0', decode: (data) => decodeDms(data, options), ...deps })
}

let sequence = 1000
function recordOf(text: string | Buffer): StreamRecord {
  sequence += 1
  return {
    sequence: String(sequence),
    partitionKey: 'k',
    data: typeof text === 'string' ? Buffer.from(text) : text,
  }
}

/* The insert fixture at another place of the commit order. */
function insertAt(lsn: number, ordinal: number, table = 'badges'): StreamRecord {
  const lsnText = lsn.toString(16).toUpperCase().padStart(8, '0')
  return recordOf(
    recordLine('insert')
      .replaceAll('7C007328', lsnText)
      .replace('"transaction-record-id":1', `"transaction-record-id":${ordinal}`)
      .replace('"table-name":"badges"', `"table-name":"${table}"`)
      .replace('"id":9007199254740993', `"id":${lsn}.${ordinal}`),
  )
}

function changesIn({ pages }: MemoryRawStore, table = 'hr.badges'): readonly Change[] {
  return [...pages.values()].filter((page) => page.table === table).flatMap((page) => [...decodePage(page)])
}

const positions = (changes: readonly Change[]) => changes.map(({ position }) => position)

test('G1: every record of a batch is counted and kept where it belongs', async () => {
  const deps = stores()
  const records = [
    'load',
    'insert',
    'update-key',
    'delete',
    'create-table',
    'truncate-table',
    'awsdms-status',
    'no-transaction-details',
  ].map((name) => recordOf(recordLine(name)))
  const result = await capture(records, deps)
  expect(result).toEqual({ records: 8, changes: 5, control: 1, bookkeeping: 1, quarantined: 1 })
  expect(changesIn(deps.store).map(({ operation }) => operation)).toEqual([
    'load',
    'insert',
    'update',
    'delete',
    'truncate',
  ])
  expect(deps.quarantine.entries.size).toBe(1)
})

test('G4: records that arrive out of order are in position order in their page', async () => {
  const anyPlaces = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 })),
    {
      selector: ([lsn, ordinal]) => `${lsn}.${ordinal}`,
      minLength: 1,
      maxLength: 20,
    },
  )
  await fc.assert(
    fc.asyncProperty(anyPlaces, async (places) => {
      const deps = stores()
      await capture(
        places.map(([lsn, ordinal]) => insertAt(lsn, ordinal)),
        deps,
      )
      const stored = positions(changesIn(deps.store))
      expect(stored).toHaveLength(places.length)
      expect(stored).toEqual([...stored].sort())
    }),
    { numRuns: runs(50) },
  )
})

test('rows of one load, which share a position, keep the order in which they came', async () => {
  const deps = stores()
  const rows = [3, 1, 2].map((id) => recordOf(recordLine('load').replace('9007199254740993', `${id}`)))
  await capture(rows, deps)
  expect(changesIn(deps.store).map(({ data }) => data['id'])).toEqual([3, 1, 2])
})

test('each source table has its own pages', async () => {
  const deps = stores()
  await capture([insertAt(1, 1), insertAt(2, 1, 'doors'), insertAt(3, 1)], deps)
  expect(changesIn(deps.store, 'hr.badges')).toHaveLength(2)
  expect(changesIn(deps.store, 'hr.doors')).toHaveLength(1)
})

describe('G1: a record that cannot be decoded', () => {
  const rubbish = recordOf(Buffer.from([0x1f, 0x8b, 0, 255, 1, 2]))

  test('goes to quarantine whole, and its neighbours are stored', async () => {
    const deps = stores()
    const result = await capture([insertAt(1, 1), rubbish, insertAt(2, 1)], deps)
    expect(result).toMatchObject({ records: 3, changes: 2, quarantined: 1 })
    expect(changesIn(deps.store)).toHaveLength(2)
    const [entry] = deps.quarantine.entries.values()
    expect(entry).toMatchObject({ stage: 'capture', table: null, position: null, encoding: 'base64' })
    expect(Buffer.from(entry?.payload ?? '', 'base64')).toEqual(rubbish.data)
    expect(entry?.reasons).toEqual([{ code: 'capture/undecodable', path: '', message: 'not UTF-8' }])
  })

  test('is refused under the same id when it comes again', async () => {
    const deps = stores()
    await capture([rubbish], deps)
    await capture([{ ...rubbish, sequence: '1' }], deps)
    expect(deps.quarantine.entries.size).toBe(1)
  })

  test('G7: leaves no row value in the log', async () => {
    const deps = stores()
    await capture([recordOf('{"data":{"holder":"Lovelace"}}'), recordOf(recordLine('create-table'))], deps)
    expect(deps.log.lines).toHaveLength(2)
    expect(deps.log.lines.join()).not.toContain('Lovelace')
  })
})

describe('a row that is too large', () => {
  const rowOf = (text: string, more = '') =>
    recordOf(
      recordLine('insert')
        .replace('"data":{', `"data":{"big":${JSON.stringify(text)},`)
        .replace('"metadata":{', `"metadata":{${more}`),
    )

  test('G9: is in quarantine by its table, position and values, up to the limit it passes; its neighbours pass', async () => {
    const deps = stores()
    const small = parseJsonObject(recordLine('insert'))['data']
    if (!isJsonObject(small)) throw new Error('no data')
    const others = Object.values(small).reduce<number>(
      (sum, value) =>
        sum +
        (value === null ? 0 : Buffer.byteLength(typeof value === 'string' ? value : stringifyJson(value))),
      0,
    )
    const fits = (isWhole() ? '\n' : 'y').repeat(MAX_ROW_BYTES - others)
    const result = await capture([rowOf(fits), rowOf(`${fits}x`), insertAt(8, 1)], deps)
    expect(result).toMatchObject({ changes: 2, quarantined: 1 })
    const [entry] = deps.quarantine.entries.values()
    expect(entry).toMatchObject({ stage: 'capture', table: 'hr.badges', encoding: 'json' })
    expect(entry?.position).toMatch(/^000/)
    expect(entry?.reasons[0]?.code).toBe('capture/page-too-large')
    const payload = parseJsonObject(entry?.payload ?? '')
    expect(payload).toMatchObject({
      operation: 'insert',
      position: entry?.position,
      'row-bytes': MAX_ROW_BYTES + 1,
      'key-only': false,
    })
    expect(payload['data']).toMatchObject({ id: small['id'] })
  })

  test('is the same where the replicator sent its key alone', async () => {
    const deps = stores()
    const result = await capture([rowOf('', `"row-bytes":${MAX_ROW_BYTES + 1},`)], deps)
    expect(result).toMatchObject({ changes: 0, quarantined: 1 })
    const [entry] = deps.quarantine.entries.values()
    expect(parseJsonObject(entry?.payload ?? '')).toMatchObject({
      'row-bytes': MAX_ROW_BYTES + 1,
      'key-only': true,
    })
  })
})

test('G3: the same batch again changes nothing', async () => {
  const deps = stores()
  const batch = [insertAt(2, 1), recordOf('rubbish'), insertAt(1, 1), insertAt(3, 1, 'doors')]
  const first = await capture(batch, deps)
  const [pages, entries] = [new Map(deps.store.pages), new Map(deps.quarantine.entries)]
  expect(await capture(batch, deps)).toEqual(first)
  expect(deps.store.pages).toEqual(pages)
  expect(deps.quarantine.entries).toEqual(entries)
})

test('an empty batch writes nothing', async () => {
  const deps = stores()
  expect(await capture([], deps)).toEqual({
    records: 0,
    changes: 0,
    control: 0,
    bookkeeping: 0,
    quarantined: 0,
  })
  expect(deps.store.pages.size).toBe(0)
})

describe('G10: when a store cannot be written', () => {
  const batch = [insertAt(1, 1), recordOf('rubbish'), insertAt(2, 1, 'doors')]

  /* Fails after so many pages, as a store that runs out of space does. */
  class FullRawStore extends MemoryRawStore {
    room = 0
    override async put(pages: Parameters<MemoryRawStore['put']>[0]): Promise<void> {
      await super.put(pages.slice(0, this.room))
      if (pages.length > this.room) throw new PipelineError('raw/unavailable', 'no space')
    }
  }

  test.each([0, 1])(
    'the batch throws with %i pages written, and running it again loses nothing',
    async (room) => {
      const deps = { ...stores(), store: new FullRawStore() }
      deps.store.room = room
      await expect(capture(batch, deps)).rejects.toMatchObject({ code: 'raw/unavailable' })
      deps.store.room = 9
      await capture(batch, deps)

      const calm = stores()
      await capture(batch, calm)
      expect(deps.store.pages).toEqual(calm.store.pages)
      expect(deps.quarantine.entries).toEqual(calm.quarantine.entries)
    },
  )

  test('a quarantine that fails throws before anything is stored', async () => {
    const deps = stores()
    class BrokenQuarantine extends MemoryQuarantine {
      override put(): Promise<void> {
        return Promise.reject(new Error('no space'))
      }
    }
    await expect(capture(batch, { ...deps, quarantine: new BrokenQuarantine() })).rejects.toThrow('no space')
    expect(deps.store.pages.size).toBe(0)
  })
})

test('an error that has no name is thrown, not quarantined: nothing may be acknowledged', async () => {
  const deps = stores()
  const decode = () => {
    throw new TypeError('a fault of ours')
  }
  await expect(captureBatch([insertAt(1, 1)], { shard: 'shard-0', decode, ...deps })).rejects.toThrow(
    TypeError,
  )
  expect(deps.quarantine.entries.size).toBe(0)
})
