import { expect, test } from 'vitest'
import { table } from '../../../core/contract/check/define-table.ts'
import { col } from '../../../core/contract/language/column.ts'
import { blockColumns, lakeColumns } from '../../../core/contract/language/lake-columns.ts'

const people = table({
  name: 'hr.people',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'People, one row each.',
  source: { system: 'hr', table: 'public.people' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  columns: {
    id: col.bigint('Number of the person'),
    secret: col.string('Never in the lake', { nullable: true, pii: 'nir', treatment: 'drop' }),
    email: col.varchar(80, 'Address, hashed', { pii: 'email' }),
    born_on: col.date('Year of birth', { pii: 'birth-date' }),
    seen_at: col.timestampMicros('Last visit'),
    paid_at: col.timestamp('Last pay', { nullable: true }),
  },
})

test('G7: a dropped column is in no block and in no table', () => {
  expect(blockColumns(people)).toEqual(['id', 'email', 'born_on', 'seen_at', 'paid_at'])
  expect(lakeColumns(people).map(({ contractColumn }) => contractColumn)).not.toContain('secret')
})

test('the lake has the columns of the contract in its order, an exact timestamp as two', () => {
  expect(lakeColumns(people)).toEqual([
    { name: 'id', type: { kind: 'bigint' }, contractColumn: 'id', part: 'value' },
    { name: 'email', type: { kind: 'string' }, contractColumn: 'email', part: 'value' },
    { name: 'born_on', type: { kind: 'date' }, contractColumn: 'born_on', part: 'value' },
    { name: 'seen_at', type: { kind: 'timestamp' }, contractColumn: 'seen_at', part: 'millis' },
    { name: 'seen_at_micros', type: { kind: 'bigint' }, contractColumn: 'seen_at', part: 'micros' },
    { name: 'paid_at', type: { kind: 'timestamp' }, contractColumn: 'paid_at', part: 'value' },
  ])
})
