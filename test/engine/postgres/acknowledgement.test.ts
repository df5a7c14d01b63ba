import { expect, test } from 'vitest'
import { Acknowledgement } from '../../../engine/postgres/stream/acknowledgement.ts'

/* Notes end when the test says so. */
function gated() {
  const notes: { lsn: bigint; end: (error?: Error) => void }[] = []
  const events: string[] = []
  let now = 0
  const acknowledgement = new Acknowledgement({
    note: (lsn) =>
      new Promise((resolve, reject) => {
        notes.push({ lsn, end: (error) => (error === undefined ? resolve() : reject(error)) })
      }),
    noted: () => events.push('noted'),
    failed: (cause) => events.push(cause instanceof Error ? cause.message : ''),
    now: () => now,
  })
  return {
    acknowledgement,
    notes,
    events,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('G1 the source is told nothing before the note of it is on disk', async () => {
  const { acknowledgement, notes, events, pass } = gated()
  expect(acknowledgement.upTo(10n)).toBe(0n)
  expect([acknowledgement.upTo(10n), notes.map(({ lsn }) => lsn)]).toEqual([0n, [10n]])
  notes[0]?.end()
  await turn()
  expect([acknowledgement.upTo(10n), events]).toEqual([10n, ['noted']])
  pass(1_000)
  expect(acknowledgement.upTo(20n)).toBe(10n)
  await turn()
  expect(acknowledgement.upTo(20n)).toBe(10n)
  notes[1]?.end()
  await turn()
  expect(acknowledgement.upTo(20n)).toBe(20n)
})

test('G1 a note that fails is told, and the source is told no more than before', async () => {
  const { acknowledgement, notes, events } = gated()
  acknowledgement.upTo(10n)
  notes[0]?.end(new Error('disk full'))
  await turn()
  expect([acknowledgement.upTo(10n), events]).toEqual([0n, ['disk full']])
})

test('changes that come all the time are noted once a second', async () => {
  const { acknowledgement, notes, pass } = gated()
  acknowledgement.upTo(10n)
  notes[0]?.end()
  await turn()
  for (const lsn of [11n, 12n, 13n]) expect(acknowledgement.upTo(lsn)).toBe(10n)
  pass(999)
  acknowledgement.upTo(14n)
  expect(notes).toHaveLength(1)
  pass(1)
  acknowledgement.upTo(15n)
  expect(notes.map(({ lsn }) => lsn)).toEqual([10n, 15n])
})

test('at the end all of it is noted, behind the note that is under way', async () => {
  const { acknowledgement, notes } = gated()
  acknowledgement.upTo(10n)
  const settled = acknowledgement.settle(30n)
  await turn()
  expect(notes.map(({ lsn }) => lsn)).toEqual([10n])
  notes[0]?.end()
  await turn()
  expect(notes.map(({ lsn }) => lsn)).toEqual([10n, 30n])
  notes[1]?.end()
  await settled
  expect(acknowledgement.upTo(30n)).toBe(30n)
})
