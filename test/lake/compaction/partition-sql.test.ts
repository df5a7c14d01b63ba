import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CanonicalValue } from '../../../core/block.ts'
import { col, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { pathList } from '../../../lake/compaction/sql/lake-rows-sql.ts'
import { partitionSql } from '../../../lake/compaction/sql/partition-sql.ts'
import { runs, within } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { smallLake } from '../small-lake.ts'
import { partitionValue } from './partition-model.ts'

const bucket = { bucket: 1000 }
const everything = table({
  name: 'p.everything',
  version: 1,
  owner: 'tests',
  description: 'Every type that a partition may be of, by every rule',
  source: { system: 'tests', table: 'public.everything' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  partitionBy: {
    id: bucket,
    whole: bucket,
    small: bucket,
    on: 'day',
    paid: bucket,
    code: bucket,
    ref: bucket,
    raw: bucket,
    start: bucket,
    kind: bucket,
    seen: 'day',
    cut: 'month',
    born: 'month',
    made: bucket,
    left: bucket,
    gone: bucket,
  },
  columns: {
    id: col.bigint('b'),
    whole: col.integer('i'),
    small: col.smallint('s'),
    on: col.date('d'),
    born: col.date('d'),
    left: col.date('d'),
    paid: col.decimal(38, 10, 'd'),
    code: col.string('t'),
    ref: col.uuid('u'),
    raw: col.binary('b'),
    start: col.time('t'),
    kind: col.enum(['a', 'bb', 'ccc'], 'e'),
    seen: col.timestampMicros('m'),
    cut: col.timestamp('m'),
    made: col.timestampMicros('m'),
    gone: col.timestamp('m'),
  },
})

const MIN_MICROS = -62_135_596_800_000_000n
const MAX_MICROS = 253_402_300_799_999_999n
const micros = fc.oneof(
  fc.constantFrom('-1', '0', '-1000', String(MIN_MICROS), String(MAX_MICROS)),
  fc.bigInt(MIN_MICROS, MAX_MICROS).map(String),
)
const millis = fc.oneof(
  fc.constantFrom(-1, 0, 253_402_300_799_999),
  fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
)
const date = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10))
const scaled = fc.oneof(
  fc.constantFrom(
    0n,
    -1n,
    127n,
    128n,
    -128n,
    -129n,
    255n,
    256n,
    32767n,
    32768n,
    10n ** 38n - 1n,
    1n - 10n ** 38n,
  ),
  fc.bigInt(1n - 10n ** 38n, 10n ** 38n - 1n),
)
const decimal = scaled.map((value) => {
  const digits = String(value < 0n ? -value : value).padStart(11, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`
})
const values: fc.Arbitrary<Readonly<Record<string, CanonicalValue>>> = fc.record({
  id: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  whole: fc.integer(),
  small: fc.integer({ min: -32768, max: 32767 }),
  on: date,
  born: date,
  left: date,
  paid: decimal,
  code: fc.string({ unit: 'grapheme', maxLength: 20 }),
  ref: fc.uuid(),
  raw: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  start: fc.constantFrom('00:00:00', '24:00:00', '12:34:56.789'),
  kind: fc.constantFrom('a', 'bb', 'ccc'),
  seen: micros,
  cut: millis,
  made: micros,
  gone: millis,
})

test(
  'G5 a row lies in base where its contract says, for every type and rule',
  async () => {
    const root = await tempFolder()
    const sql = await DuckEngine.open({ temporary: join(root, 'spill') })
    try {
      let lakes = 0
      await fc.assert(
        fc.asyncProperty(fc.array(values, { minLength: 40, maxLength: 80 }), async (rows) => {
          lakes += 1
          const lake = await smallLake(join(root, String(lakes)))
          await lake.register(everything)
          const names = Object.keys(everything.columns)
          const given = rows.map(
            (row, at): LakeRow => [
              'insert',
              `0001-${String(at).padStart(16, '0')}-0000000010`,
              0,
              0,
              null,
              null,
              ...names.map((name) => row[name] ?? null),
            ],
          )
          await lake.land(everything, given)
          const paths = (await lake.objects.list('lake/')).map((key) => lake.objects.path(key))
          const places = await sql.rows(
            `SELECT ${partitionSql(catalogTable(everything)).join(', ')} FROM read_parquet(${pathList(paths)}) ORDER BY _position`,
          )
          const expected = rows.map((row) => Object.values(partitionValue(everything, row)))
          expect(places).toEqual(expected)
          for (const place of places.flat()) expect(place).toMatch(/^[A-Za-z0-9_.=-]+$/)
        }),
        { numRuns: runs(6) },
      )
    } finally {
      sql.close()
    }
  },
  within(30_000),
)
