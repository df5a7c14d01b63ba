import { expect, test } from 'vitest'
import { replayDocument } from '../../core/replay/replay.ts'

const known = {
  format: 1,
  table: 'w.things',
  version: 1,
  contract: 'c',
  revision: 3,
  state: 'running',
  ingestDate: '2026-11-23',
  after: 'w.things#9',
  done: 16,
  since: null,
  startedAt: '2026-11-23',
  changes: 16,
  rows: 16,
  refused: 0,
  files: [],
}

test('G10 a replay that a stack began before there were ranges goes on: it reads everything', () => {
  const read = replayDocument.parse({ ...known, from: 'p1' })
  expect(read).toMatchObject({
    from: null,
    to: null,
    first: 'p1',
    after: 'w.things#9',
    landedAgain: [],
    pages: null,
  })
})

test('a replay of a range keeps it', () => {
  const range = { from: 'p1', to: null, first: 'p0' }
  expect(replayDocument.parse({ ...known, ...range })).toMatchObject(range)
})
