import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommitOrder } from '../../ingest/capture/commit-order.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'

interface Write {
  readonly transaction: number
  readonly row: number
  readonly own: bigint
  readonly ordinal: number
}

/*
 * A log of transactions that overlap as PostgreSQL lets them: whoever writes a row holds it until its commit, others
 * write other rows meanwhile. Each step is a write or a commit.
 */
const steps = fc.array(fc.record({ transaction: fc.nat(3), row: fc.nat(4), isCommit: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
})

interface Log {
  readonly writes: readonly Write[]
  readonly begins: ReadonlyMap<number, bigint>
  readonly commits: ReadonlyMap<number, bigint>
}

function logOf(plan: readonly { transaction: number; row: number; isCommit: boolean }[]): Log {
  const holders = new Map<number, number>()
  const open = new Map<number, number>()
  const writes: Write[] = []
  const begins = new Map<number, bigint>()
  const commits = new Map<number, bigint>()
  let [lsn, next] = [0x1_0000_0000n, 1]
  const commit = (slot: number) => {
    const id = open.get(slot)
    if (id === undefined) return
    open.delete(slot)
    for (const [row, holder] of holders) if (holder === id) holders.delete(row)
    commits.set(id, lsn)
  }
  for (const { transaction: slot, row, isCommit } of plan) {
    lsn += 64n
    if (isCommit) {
      commit(slot)
      continue
    }
    let id = open.get(slot)
    if (holders.has(row) && holders.get(row) !== id) continue
    if (id === undefined) {
      id = next
      next += 1
      open.set(slot, id)
      begins.set(id, lsn)
    }
    holders.set(row, id)
    const ordinal = writes.filter(({ transaction }) => transaction === id).length + 1
    writes.push({ transaction: id, row, own: lsn, ordinal })
  }
  for (const slot of [...open.keys()]) {
    lsn += 64n
    commit(slot)
  }
  return { writes, begins, commits }
}

const readings = {
  'commit, twice': (write: Write, { commits }: Log) => [
    commits.get(write.transaction),
    commits.get(write.transaction),
  ],
  'first record and own record': (write: Write, { begins }: Log) => [
    begins.get(write.transaction),
    write.own,
  ],
  'commit and own record': (write: Write, { commits }: Log) => [commits.get(write.transaction), write.own],
}

function recordOf(
  write: Write,
  [first = 0n, second = 0n]: readonly (bigint | undefined)[],
  { commits }: Log,
): Buffer {
  const micros = String(commits.get(write.transaction) ?? 0n)
    .padStart(16, '0')
    .slice(-6)
  const metadata = {
    'record-type': 'data',
    operation: 'update',
    'schema-name': 's',
    'table-name': 't',
    'transaction-record-id': write.ordinal,
    'commit-timestamp': `2026-03-02T08:15:31.${micros}Z`,
    'stream-position': `${lsnText(first)}.${write.ordinal + 1}.${lsnText(second)}`,
  }
  return Buffer.from(JSON.stringify({ data: { id: write.row }, metadata }))
}

function lsnText(lsn: bigint): string {
  const digits = lsn.toString(16).toUpperCase().padStart(16, '0')
  return `${digits.slice(0, 8)}/${digits.slice(8)}`
}

describe('G4 rows of transactions that overlap', () => {
  test.each(Object.entries(readings))(
    'end as they were committed last; stream-position is %s',
    (_, reading) => {
      fc.assert(
        fc.property(steps, (plan) => {
          const log = logOf(plan)
          const order = new CommitOrder()
          const last = new Map<number, { position: string; write: Write }>()
          const byCommit = log.writes.toSorted((one, other) => {
            const [left, right] = [
              log.commits.get(one.transaction) ?? 0n,
              log.commits.get(other.transaction) ?? 0n,
            ]
            return left < right ? -1 : left > right ? 1 : one.ordinal - other.ordinal
          })
          for (const write of byCommit) {
            const decoded = decodeDms(recordOf(write, reading(write, log), log), {
              epoch: 0,
              loadPositionOf: () => undefined,
            })
            if (decoded.kind !== 'change') throw new Error(decoded.kind)
            const { position } = decoded.change
            order.note('s.t', `s.t.${write.row}`, decoded.change)
            const known = last.get(write.row)
            if (known === undefined || position > known.position) last.set(write.row, { position, write })
          }
          const expected = new Map(byCommit.map((write) => [write.row, write]))
          for (const [row, { write }] of last) expect(write).toEqual(expected.get(row))
          expect(order.contradictions).toBe(0)
        }),
      )
    },
  )
})

describe('commit times that contradict positions', () => {
  const change = (position: string, committedAt: string | null) =>
    ({ operation: 'update', position, committedAt, members: Buffer.alloc(0) }) as const
  const early = '2026-03-02T08:15:31.000001Z'
  const late = '2026-03-02T08:15:31.000002Z'

  test.each([
    [
      'a later position of an earlier commit',
      [
        ['1', late],
        ['2', early],
      ],
      1,
    ],
    [
      'the same, arrived the other way round',
      [
        ['2', early],
        ['1', late],
      ],
      1,
    ],
    [
      'positions and commits agree',
      [
        ['1', early],
        ['2', late],
        ['2', late],
        ['3', late],
      ],
      0,
    ],
    [
      'a change again',
      [
        ['1', late],
        ['1', late],
      ],
      0,
    ],
    [
      'no commit time',
      [
        ['1', late],
        ['2', null],
      ],
      0,
    ],
  ] as const)('%s', (_, changes, expected) => {
    const order = new CommitOrder()
    for (const [position, committedAt] of changes) order.note('s.t', 's.t.1', change(position, committedAt))
    expect(order.contradictions).toBe(expected)
  })

  test('rows of other keys, and partition keys of whole tables, say nothing', () => {
    const order = new CommitOrder()
    order.note('s.t', 's.t.1', change('1', late))
    order.note('s.t', 's.t.2', change('2', early))
    order.note('s.t', 's.t', change('3', late))
    order.note('s.t', 's.t', change('4', early))
    expect(order.contradictions).toBe(0)
  })
})
