import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, type Table, table } from '../../core/contract/index.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { router } from '../../formatters/route.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeService } from '../../ingest/capture/decode-service.ts'
import { currentSelect } from '../../lake/sql/current-select.ts'
import { historySelect } from '../../lake/sql/history-select.ts'
import { smallLake } from '../lake/small-lake.ts'
import { runs } from '../support/budget.ts'
import { MemoryLog, MemoryQuarantine, MemoryRawStore } from './memory-ports.ts'
import { type Item, itemRecord } from './service-records.ts'

let root: string
let session: LakeSession
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-service-'))
  session = await LakeSession.open({ folder: root, entries: [] })
})
afterAll(async () => {
  session.close()
  await rm(root, { recursive: true, force: true })
})

function wishes(name: string): Table {
  return table({
    name: `availability.${name}`,
    version: 1,
    owner: 'tests',
    description: 'When people can work',
    source: { system: 'availability-service', table: 'availability.wishes' },
    primaryKey: ['id'],
    unknownFields: 'keep',
    columns: {
      id: col.string('Key'),
      hours: col.decimal(3, 1, 'Hours', { nullable: true }),
      note: col.string('Note', { nullable: true }),
      kind: col.string('Kind, wish where the service says none', { default: 'wish' }),
      days: col.list({ kind: 'string' }, 'Days', { nullable: true }),
    },
  })
}

/* Hours of three digits are what the contract refuses. */
const item = fc.record(
  {
    hours: fc.constantFrom('0', '-1.5', '99.9', '100').map((N) => ({ N })),
    note: fc.oneof(
      fc.string({ unit: 'grapheme' }).map((S) => ({ S })),
      fc.constant({ NULL: true }),
    ),
    kind: fc.constantFrom('never', 'rather').map((S) => ({ S })),
    days: fc.subarray(['Fri', 'Mon', 'Sun'], { minLength: 1 }).map((SS) => ({ SS })),
  },
  { requiredKeys: [] },
)
const step = fc.record({ id: fc.constantFrom('a', 'b'), item: fc.option(item, { freq: 4, nil: undefined }) })
/* Of each record: in which batches it comes, once or more. */
const arrival = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 })

interface Sent {
  readonly id: string
  readonly record: object
}

/* What the stream of the table says, and the row of each key after its last change that the contract accepts. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const items = new Map<string, Item>()
  const lake = new Map<string, Item>()
  const sent: Sent[] = []
  let sequence = 111_100_000_000_000_000_000n
  for (const { id, item: given } of steps) {
    const before = items.get(id)
    if (given === undefined && before === undefined) continue
    sequence += 17n << 40n
    const after: Item | undefined = given === undefined ? undefined : { id: { S: id }, ...given }
    const event = after === undefined ? 'REMOVE' : before === undefined ? 'INSERT' : 'MODIFY'
    const images = { ...(before && { before }), ...(after && { after }) }
    sent.push({ id, record: itemRecord(event, sequence, images) })
    if (after === undefined) items.delete(id)
    else items.set(id, after)
    if (after === undefined) lake.delete(id)
    else if (given?.hours?.N !== '100') lake.set(id, after)
  }
  return { sent, lake }
}

function expected([id, attributes]: readonly [string, Item]): readonly unknown[] {
  const { hours, note, kind, days } = attributes as Record<string, Record<string, unknown> | undefined>
  const tenths = hours === undefined ? null : Number(hours['N']).toFixed(1)
  return [id, tenths, note?.['S'] ?? null, kind?.['S'] ?? 'wish', days?.['SS'] ?? null]
}

async function currentOf(wanted: Table, batches: readonly (readonly LakeRow[])[]) {
  const own = join(root, 'lake', String(lakes))
  const lake = await smallLake(own)
  await lake.register(wanted)
  for (const rows of batches) if (rows.length > 0) await lake.land(wanted, rows)
  const [entry] = await lake.catalog.entries()
  if (entry === undefined) throw new Error('no entry')
  const current = currentSelect(entry, { history: `(${historySelect(entry, own)})` })
  const reader = await session.connection.runAndReadAll(
    `SELECT id, hours::VARCHAR, note, kind, days FROM (${current}) ORDER BY id`,
  )
  return reader.getRowsJson()
}

test('G2 G3 G4 current is the items of the table, whatever comes twice, late, in other batches, or is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.array(arrival, { minLength: 3, maxLength: 14 }),
      async (steps, arrivals) => {
        lakes += 1
        const { sent, lake } = play(steps)
        const wanted = wishes(`w${lakes}`)
        const routes = router([wanted], Buffer.alloc(32))
        const [store, quarantine] = [new MemoryRawStore(), new MemoryQuarantine()]
        const decode = (data: Buffer) =>
          decodeService(data, { epoch: 0, tableOf: () => 'availability.wishes' })
        for (const batch of [0, 1, 2, 3]) {
          const found = sent.filter((_, index) => arrivals[index % arrivals.length]?.includes(batch))
          const records = found.map(({ record }, index) => ({
            /* A place in a shard holds one record only; pages are named after it. */
            sequence: `${batch}${String(index).padStart(3, '0')}`,
            partitionKey: '',
            data: Buffer.from(JSON.stringify(record)),
          }))
          const deps = { shard: 'wishes', decode, store, quarantine, log: new MemoryLog() }
          await captureBatch(records, deps)
        }
        const landed = [...store.pages.values()].map((page) =>
          formatPage(page, routes(page.table), 1 << 20).blocks.flatMap(({ text }) =>
            text
              .toString()
              .trimEnd()
              .split('\n')
              .slice(1)
              .map((line): LakeRow => JSON.parse(line)),
          ),
        )
        expect(quarantine.entries.size).toBe(0)
        expect(await currentOf(wanted, landed.toReversed())).toEqual(
          [...lake].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(expected),
        )
      },
    ),
    { numRuns: runs(15) },
  )
})
