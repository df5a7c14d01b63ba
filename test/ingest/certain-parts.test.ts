import fc from 'fast-check'
import { expect, test } from 'vitest'
import { certainParts } from '../../ingest/capture/certain-parts.ts'
import { runs } from '../support/budget.ts'
import { letterRecord } from './refused-records.ts'

const record = letterRecord({
  operation: 'update',
  fate: 'accepted',
  ordinal: 3,
  oldId: 4,
  row: { id: 7, n: 1, note: 'x' },
}).toString()
const POSITION = '0001-0000000000000100-0000000030'
const whole = {
  table: 'public.letters',
  position: POSITION,
  committedAt: '2026-03-02T08:15:31.886717Z',
  operation: 'update',
  bringsValues: true,
  data: { id: 7, n: 1, note: 'x' },
  before: { id: 4 },
}

test.each([
  ['a whole record', record, whole],
  ['a field that stands twice', record.replace('"n":1', '"n":1,"n":2'), { data: { id: 7, note: 'x' } }],
  ['a key that stands twice', record.replace('"id":7', '"id":7,"id":8'), { data: { n: 1, note: 'x' } }],
  ['a row that stands twice', record.replace('{"data"', '{"data":{"id":9},"data"'), { data: {} }],
  ['a row that is no JSON', record.replace('"n":1', '"n":'), { position: POSITION, data: {} }],
  ['no position', record.replace('stream-position', 'position'), { position: null, data: { id: 7 } }],
  ['a table named twice', record.replace('"table-name"', '"table-name":"a","table-name"'), { table: null }],
  ['metadata twice', record.replace('"metadata"', '"metadata":{},"metadata"'), { table: null }],
  [
    'an instant that is none',
    record.replace(/"commit-timestamp":"[^"]*"/, '"commit-timestamp":"x"'),
    { committedAt: null },
  ],
  [
    'a delete',
    record.replace('"operation":"update"', '"operation":"delete"'),
    { operation: 'delete', bringsValues: false },
  ],
  [
    'the row of a load',
    record.replace('"operation":"update"', '"operation":"load"'),
    { bringsValues: false },
  ],
  [
    'an operation that nobody knows',
    record.replace('"operation":"update"', '"operation":"merge"'),
    { bringsValues: true },
  ],
  ['no JSON', 'rubbish', { table: null, position: null, bringsValues: false }],
  [
    'an operation that stands twice',
    record.replace('"operation":"update"', '"operation":"update","operation":"delete"'),
    { operation: null },
  ],
  ['a record that was cut', record.slice(0, -20), { table: null }],
])('what is certain of %s', (_what, text, expected) => {
  expect(certainParts(Buffer.from(text), 1)).toMatchObject(expected)
})

test('a field whose bytes are no text is left out, its neighbours are not', () => {
  const [before = '', after = ''] = record.split('"x"')
  const broken = Buffer.concat([Buffer.from(`${before}"a`), Buffer.of(0xff), Buffer.from(`"${after}`)])
  expect(certainParts(broken, 1)).toEqual({ ...whole, data: { id: 7, n: 1 } })
  /* The character itself is text. */
  expect(certainParts(Buffer.from(`${before}"a\u{fffd}"${after}`), 1).data).toMatchObject({
    note: 'a\u{fffd}',
  })
})

test('whatever the bytes, nothing is thrown, and no value is there that the record has not', () => {
  const flip = fc.record({ at: fc.nat(record.length - 1), to: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(flip, { maxLength: 6 }), (flips) => {
      const bytes = Buffer.from(record)
      for (const { at, to } of flips) bytes[at] = to
      const { data } = certainParts(bytes, 1)
      for (const value of Object.values(data))
        if (typeof value === 'string') expect(bytes.toString()).toContain(JSON.stringify(value).slice(1, -1))
    }),
    { numRuns: runs(300) },
  )
})
