import { describe, expect, test } from 'vitest'
import { table } from '../../core/contract/check/define-table.ts'
import { col } from '../../core/contract/language/column.ts'
import { lakeColumns } from '../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables } from '../../schemas/index.ts'

test('a contract becomes a catalog table with its columns, hashed ones as text and exact timestamps as two', () => {
  const shifts = table({
    name: 'hr.shifts',
    version: 3,
    owner: 'people-data@tidemark.example',
    description: 'Shifts, one row each.',
    source: { system: 'hr', table: 'public.Shift' },
    primaryKey: ['id'],
    unknownFields: 'keep',
    columns: {
      id: col.integer('Number', { from: 'ID' }),
      nir: col.bigint('Social security number', { pii: 'nir' }),
      secret: col.string('Never there', { pii: 'free-text', treatment: 'drop' }),
      seen_at: col.timestampMicros('Last visit'),
    },
  })
  const column = (name: string, kind: ColumnType['kind'], description: string, contractColumn = name) => ({
    name,
    type: { kind },
    description,
    contractColumn,
  })
  expect(catalogTable(shifts)).toEqual({
    name: 'hr.shifts',
    version: 3,
    description: 'Shifts, one row each.',
    owner: 'people-data@tidemark.example',
    source: 'public.Shift',
    primaryKey: ['id'],
    location: 'lake/hr/shifts_v3_history',
    baseLocation: 'lake/hr/shifts_v3_base',
    basePartitions: [],
    columns: [
      column('id', 'integer', 'Number'),
      column('nir', 'string', 'Social security number'),
      column('seen_at', 'timestamp', 'Last visit'),
      column('seen_at_micros', 'bigint', 'Microseconds since 1970 of seen_at, exact', 'seen_at'),
    ],
  })
})

describe('every contract of the repository', () => {
  test.each(tables)('$name v$version has a description for each lake column', (contract) => {
    const { columns, location } = catalogTable(contract)
    expect(columns.map(({ name }) => name)).toEqual(lakeColumns(contract).map(({ name }) => name))
    for (const { description } of columns) expect(description).not.toBe('')
    /* The keys an object store takes. */
    expect(location).toMatch(/^[A-Za-z0-9_.=/-]+$/)
  })

  test('each version has a location of its own', () => {
    const locations = tables.map((contract) => catalogTable(contract).location)
    expect(new Set(locations).size).toBe(tables.length)
  })
})
