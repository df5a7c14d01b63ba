import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, type Table, table } from '../../core/contract/index.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { router } from '../../formatters/route.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { currentSelect } from '../../lake/sql/current-select.ts'
import { historySelect } from '../../lake/sql/history-select.ts'
import { smallLake } from '../lake/small-lake.ts'
import { runs } from '../support/budget.ts'
import { MemoryLog, MemoryQuarantine, MemoryRawStore } from './memory-ports.ts'
import { type Fate, letterRecord, type SentChange } from './refused-records.ts'

let root: string
let session: LakeSession
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-refused-'))
  session = await LakeSession.open({ folder: root, entries: [] })
})
afterAll(async () => {
  session.close()
  await rm(root, { recursive: true, force: true })
})

function letters(name: string): Table {
  return table({
    name: `hr.${name}`,
    version: 1,
    owner: 'tests',
    description: 'Letters',
    unknownFields: 'drop',
    source: { system: 'tests', table: 'public.letters' },
    primaryKey: ['id'],
    columns: {
      id: col.integer('Key'),
      n: col.integer('Never negative', { min: 0 }),
      note: col.string('Large: an update that leaves it alone does not send it', { nullable: true }),
    },
  })
}

const fate = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>('accepted') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fate>('contract', 'oversize', 'broken text', 'twice', 'no old key'),
  },
)
const step = fc.record({
  key: fc.constantFrom(1, 2, 3),
  kind: fc.constantFrom('put', 'put', 'put', 'move', 'delete'),
  to: fc.constantFrom(1, 2, 3),
  n: fc.nat(9),
  /* Undefined: the update leaves it alone. */
  note: fc.option(fc.constantFrom(null, '', 'x', 'y'), { freq: 2, nil: undefined }),
  fate,
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Row = readonly [id: number, n: number, note: string | null]

/** A row as readers see it; `isUnknown` holds it back. */
interface Shown {
  readonly row: Row
  readonly isUnknown: boolean
}

/* The records of a history, the rows that the source had, and what of them the lake can know. */
function play(steps: readonly Step[]) {
  const source = new Map<number, Row>()
  const lake = new Map<number, Shown>()
  /* Keys with a change that waits since their row in the lake. */
  const marked = new Set<number>()
  const had = new Set<string>()
  const sent: SentChange[] = []
  for (const { key, kind, to, n, note, fate: wanted } of steps) {
    const ordinal = sent.length + 1
    const before = source.get(key)
    if (kind === 'delete') {
      if (before === undefined) continue
      const fate = wanted === 'contract' || wanted === 'oversize' ? 'accepted' : wanted
      sent.push({ operation: 'delete', fate, ordinal, row: { id: key } })
      source.delete(key)
      if (fate !== 'accepted') continue
      lake.delete(key)
      marked.delete(key)
      continue
    }
    const target = kind === 'move' ? to : key
    if (kind === 'move' && (before === undefined || to === key || source.has(to))) continue
    const operation = before === undefined ? 'insert' : 'update'
    const fate = operation === 'insert' && wanted === 'no old key' ? 'accepted' : wanted
    const isGap = operation === 'update' && note === undefined
    const row: Row = [target, n, isGap ? (before?.[2] ?? null) : (note ?? null)]
    const oldId = kind === 'move' ? key : undefined
    sent.push({
      operation,
      fate,
      ordinal,
      oldId,
      row: { id: target, n, ...(isGap ? {} : { note: note ?? null }) },
    })
    if (kind === 'move') source.delete(key)
    source.set(target, row)
    had.add(JSON.stringify(row))
    if (fate !== 'accepted') {
      marked.add(target)
      continue
    }
    const seen = lake.get(key)
    const isUnknown = isGap && (seen === undefined || seen.isUnknown || marked.has(key))
    if (kind === 'move') {
      lake.delete(key)
      marked.delete(key)
    }
    lake.set(target, { row, isUnknown })
    marked.delete(target)
  }
  return { sent, lake, had }
}

async function currentOf(wanted: Table, batches: readonly (readonly LakeRow[])[]) {
  const own = join(root, 'lake', String(lakes))
  const lake = await smallLake(own)
  await lake.register(wanted)
  for (const rows of batches) if (rows.length > 0) await lake.land(wanted, rows)
  const [entry] = await lake.catalog.entries()
  if (entry === undefined) throw new Error('no entry')
  const current = currentSelect(entry, { history: `(${historySelect(entry, own)})` })
  const reader = await session.connection.runAndReadAll(`SELECT id, n, note FROM (${current}) ORDER BY id`)
  return reader.getRowsJson()
}

function streamRecord(change: SentChange): StreamRecord {
  const refusal = { code: 'capture/no-old-key', message: 'the change does not say which row it was' } as const
  return {
    sequence: String(change.ordinal).padStart(6, '0'),
    partitionKey: '',
    data: letterRecord(change),
    ...(change.fate === 'no old key' ? { refusal } : {}),
  }
}

function rowsOf(page: Parameters<typeof formatPage>[0], routes: ReturnType<typeof router>) {
  const { blocks, contracts } = formatPage(page, routes(page.table), 1 << 20)
  for (const one of contracts)
    expect(one.blocks.reduce((sum, { label }) => sum + (label?.changes ?? 0), one.refused)).toBe(page.changes)
  return blocks.flatMap(({ text }) =>
    text
      .toString()
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line): LakeRow => JSON.parse(line)),
  )
}

test('G2 whatever refuses changes, a contract or capture, each shown row is one that the source had, or the key is held back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.array(fc.nat(3), { minLength: 3, maxLength: 14 }),
      async (steps, arrivals) => {
        lakes += 1
        const { sent, lake, had } = play(steps)
        const wanted = letters(`w${lakes}`)
        const routes = router([wanted], Buffer.alloc(32))
        const [store, quarantine] = [new MemoryRawStore(), new MemoryQuarantine()]
        const decode = (data: Buffer) => decodeDms(data, { epoch: 1, loadPositionOf: () => undefined })
        for (const batch of [0, 1, 2, 3]) {
          const records = sent
            .filter((_, index) => arrivals[index % arrivals.length] === batch)
            .map(streamRecord)
          const deps = { shard: 'letters', decode, store, quarantine, log: new MemoryLog() }
          const counts = await captureBatch(records, deps)
          expect(counts.changes + counts.quarantined).toBe(records.length)
        }
        for (const { table: name, position } of quarantine.entries.values()) {
          expect(name).toBe('public.letters')
          expect(position).not.toBeNull()
        }
        const landed = [...store.pages.values()].map((page) => rowsOf(page, routes))
        const shown = await currentOf(wanted, landed.toReversed())
        for (const row of shown) expect(had).toContain(JSON.stringify(row))
        const known = [...lake.values()].flatMap(({ row, isUnknown }) => (isUnknown ? [] : [row]))
        expect(shown).toEqual(known.toSorted(([left], [right]) => left - right))
      },
    ),
    { numRuns: runs(30) },
  )
}, 60_000)
