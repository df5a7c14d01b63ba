import { describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { Base, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../../core/position.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { compactionStatements } from '../../../lake/sql/athena/compaction-statements.ts'
import { viewStatement } from '../../../lake/sql/athena/view-statement.ts'
import { shiftsV1 } from '../../../schemas/workforce/shifts/v1.ts'
import { trinoFaults } from './trino-faults.ts'

const ROOT = 's3://acme-lake'

const readings = table({
  name: 'meters.readings',
  version: 3,
  owner: 'tests',
  description: 'A composite key, one part of it an instant to the microsecond',
  source: { system: 'tests', table: 'public.readings' },
  primaryKey: ['meter', 'taken_at'],
  partitionBy: { taken_at: 'month', meter: { bucket: 8 } },
  unknownFields: 'keep',
  columns: {
    meter: col.string('Its number'),
    taken_at: col.timestampMicros('When'),
    level: col.decimal(18, 3, 'What', { nullable: true }),
    place: col.struct({ room: { kind: 'string' }, floor: { kind: 'integer' } }, 'Where', { nullable: true }),
  },
})

const onlyKeys = table({
  name: 'tests.members',
  version: 1,
  owner: 'tests',
  description: 'Nothing but a key',
  source: { system: 'tests', table: 'public.members' },
  primaryKey: ['day', 'person'],
  unknownFields: 'drop',
  columns: { day: col.date('Since'), person: col.bigint('Who') },
})

function entryOf(one: Table, more: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    table: catalogTable(one),
    partitions: ['2026-03-01', '2026-03-02'],
    floors: [],
    revisions: [],
    base: null,
    ...more,
  }
}

function withBase(one: Table): CatalogEntry {
  const { location } = catalogTable(one)
  const base: Base = {
    build: 42,
    position: loadPosition(1, 255n),
    openSince: '2026-03-02',
    historyFrom: null,
    folded: [`${location}/ingest_date=2026-03-02/a.parquet`, `${location}/ingest_date=2026-03-02/b.parquet`],
    parts: [],
    tombstones: [],
    rows: 0,
  }
  return entryOf(one, { base, floors: [{ position: loadPosition(1, 1n), reason: 'load' }], revisions: [2] })
}

const statements: readonly (readonly [file: string, sql: string])[] = [
  ['shifts-view-without-base', viewStatement(entryOf(shiftsV1), ROOT)],
  ['shifts-view', viewStatement(withBase(shiftsV1), ROOT)],
  ['readings-view', viewStatement(withBase(readings), ROOT)],
  ['members-view', viewStatement(withBase(onlyKeys), ROOT)],
  ...[shiftsV1, readings, onlyKeys].map((one) => {
    const partitions = one === shiftsV1 ? [{ starts_at_day: '2026-03-02' }] : []
    const { name } = one
    const values = one === readings ? [{ taken_at_month: '2026-03', meter_bucket: '7' }] : partitions
    const made = compactionStatements(withBase(one), {
      build: 43,
      partitions: values,
      root: ROOT,
      location: `${ROOT}/lake/builds/000043`,
    })
    return [`${name.split('.')[1]}-compaction`, made.map(({ sql }) => sql).join(';\n\n')] as const
  }),
]

describe('the SQL of Athena, which nothing here can run', () => {
  test.each(statements)('%s parses by the grammar of Trino and is the reviewed text', async (file, sql) => {
    for (const statement of sql.split(';\n\n')) expect(trinoFaults(statement)).toEqual([])
    await expect(`${sql};\n`).toMatchFileSnapshot(`golden/${file}.sql`)
  })

  test.each(statements)(
    '%s says nothing that only DuckDB knows, and fits a query of Athena',
    (_file, sql) => {
      expect(sql).not.toMatch(/QUALIFY|MATERIALIZED|RECURSIVE|list_contains|arg_max|\blen\(|GROUP BY ALL|::/i)
      for (const statement of sql.split(';\n\n')) expect(Buffer.byteLength(statement)).toBeLessThan(262_144)
    },
  )

  test.each([
    ['a word of DuckDB', 'QUALIFY row_number() OVER () = 1'],
    ['a lost bracket', ') AND (1 = 1'],
    ['a double comma', 'GROUP BY a,, b'],
  ])('the grammar refuses %s', (_what, end) => {
    expect(trinoFaults(`${viewStatement(withBase(shiftsV1), ROOT)} ${end}`)).not.toEqual([])
  })

  test('a compaction writes at most 100 partitions a statement, each of them once', () => {
    const days = Array.from({ length: 250 }, (_, index) => ({
      starts_at_day: new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10),
    }))
    const made = compactionStatements(withBase(shiftsV1), {
      build: 43,
      partitions: days,
      root: ROOT,
      location: `${ROOT}/lake/builds/000043`,
    })
    expect(made.map(({ partitions }) => partitions.length)).toEqual([100, 100, 50, 0])
    expect(made.flatMap(({ partitions }) => partitions)).toEqual(days)
    for (const { sql, partitions } of made) {
      expect(trinoFaults(sql)).toEqual([])
      for (const { starts_at_day } of partitions) expect(sql).toContain(`'${starts_at_day}'`)
    }
    expect(made.map(({ sql }) => sql.split(/[\s(]/)[0])).toEqual(['CREATE', 'INSERT', 'INSERT', 'CREATE'])
  })

  test('names folded files only as far as a query has room', () => {
    const entry = withBase(shiftsV1)
    const folded = Array.from(
      { length: 5_000 },
      (_, index) => `${entry.table.location}/ingest_date=2026-03-02/${index}.parquet`,
    )
    const base = entry.base === null ? null : { ...entry.base, folded }
    const sql = viewStatement({ ...entry, base }, ROOT)
    expect(Buffer.byteLength(sql)).toBeLessThan(262_144)
    expect(sql).toContain('4999.parquet')
  })
})
