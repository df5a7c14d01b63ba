import { expect, test } from 'vitest'
import { table } from '../../../core/contract/check/define-table.ts'
import { col } from '../../../core/contract/language/column.ts'
import { partitionColumns } from '../../../core/contract/language/partition.ts'

test('partition columns are named after the column and the rule', () => {
  const shifts = table({
    name: 'hr.shifts',
    version: 1,
    owner: 'tests',
    description: 'Shifts',
    source: { system: 'hr', table: 'public.shifts' },
    primaryKey: ['id'],
    partitionBy: { at: 'day', cut: 'month', on: 'day', id: { bucket: 16 } },
    unknownFields: 'drop',
    columns: {
      id: col.bigint('Key'),
      at: col.timestampMicros('When'),
      cut: col.timestamp('When'),
      on: col.date('Day'),
    },
  })
  expect(partitionColumns(shifts).map(({ name }) => name)).toEqual([
    'at_day',
    'cut_month',
    'on_day',
    'id_bucket',
  ])
})
