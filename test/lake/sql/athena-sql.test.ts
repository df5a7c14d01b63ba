import { describe, expect, test } from 'vitest'
import { viewInput } from '../../../aws/glue/view-input.ts'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { Base, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../../core/position.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
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

/* The SELECT of the view, as it is written into Glue. */
function viewSelect(entry: CatalogEntry): string {
  const [, encoded = ''] =
    /^\/\* Presto View: (.*) \*\/$/.exec(viewInput(entry, ROOT).ViewOriginalText ?? '') ?? []
  return JSON.parse(Buffer.from(encoded, 'base64').toString()).originalSql
}

const statements: readonly (readonly [file: string, sql: string])[] = [
  ['shifts-view-without-base', viewSelect(entryOf(shiftsV1))],
  ['shifts-view', viewSelect(withBase(shiftsV1))],
  ['readings-view', viewSelect(withBase(readings))],
  ['members-view', viewSelect(withBase(onlyKeys))],
]

describe('the SQL of Athena, which nothing here can run', () => {
  test.each(statements)('%s parses by the grammar of Trino and is the reviewed text', async (file, sql) => {
    expect(trinoFaults(sql)).toEqual([])
    await expect(`${sql};\n`).toMatchFileSnapshot(`golden/${file}.sql`)
  })

  test.each(statements)(
    '%s says nothing that only DuckDB knows, and fits a query of Athena',
    (_file, sql) => {
      expect(sql).not.toMatch(/QUALIFY|MATERIALIZED|RECURSIVE|list_contains|arg_max|\blen\(|GROUP BY ALL|::/i)
      expect(Buffer.byteLength(sql)).toBeLessThan(262_144)
    },
  )

  test.each([
    ['a word of DuckDB', 'QUALIFY row_number() OVER () = 1'],
    ['a lost bracket', ') AND (1 = 1'],
    ['a double comma', 'GROUP BY a,, b'],
  ])('the grammar refuses %s', (_what, end) => {
    expect(trinoFaults(`${viewSelect(withBase(shiftsV1))} ${end}`)).not.toEqual([])
  })

  test('names folded files only as far as a query has room', () => {
    const entry = withBase(shiftsV1)
    const folded = Array.from(
      { length: 5_000 },
      (_, index) => `${entry.table.location}/ingest_date=2026-03-02/${index}.parquet`,
    )
    const base = entry.base === null ? null : { ...entry.base, folded }
    const sql = viewSelect({ ...entry, base })
    expect(Buffer.byteLength(sql)).toBeLessThan(262_144)
    expect(sql).toContain('4999.parquet')
  })
})
