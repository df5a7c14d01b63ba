import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { formatPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { compactionLake } from './compaction-lake.ts'

let sql: DuckEngine
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidemark-zeros-'))
  sql = await DuckEngine.open({ temporary: scratch })
})

afterAll(async () => {
  sql.close()
  await rm(scratch, { recursive: true, force: true })
})

function at(place: number): string {
  return formatPosition({ epoch: 1, lsn: BigInt(place), ordinal: 1, step: 0 })
}

test('G6 both zeros of a float are in base and in merged files as they were', async () => {
  const floats = table({
    name: 'c.floats',
    version: 1,
    owner: 'tests',
    description: 'Floats',
    unknownFields: 'keep',
    source: { system: 'tests', table: 'public.floats' },
    primaryKey: ['id'],
    columns: { id: col.integer('Key'), size: col.double('Size'), small: col.real('Small') },
  })
  const lake = await compactionLake(await tempFolder(), floats, sql)
  const zero = (place: number, value: string | number): LakeRow => [
    ...(['insert', at(place), 0, 0, null, null] as const),
    ...[place, value, value],
  ]
  /* Many of both in one file, and a dictionary would have room for one of them. */
  for (let file = 0; file < 4; file += 1)
    await lake.land(
      floats,
      Array.from({ length: 50 }, (_, index) => zero(1 + file * 50 + index, index % 2 === 0 ? 0 : '-0')),
    )
  await lake.compact({ mergeAbove: 2 })
  await lake.compact({ mergeAbove: 2 })
  const { base, table: known } = await lake.entry()
  const keys = [
    (base?.parts ?? []).flatMap(({ files }) => files.map(({ key }) => key)),
    [...lake.manifest.keys()],
  ]
  for (const files of keys) {
    expect(files.length).toBeGreaterThan(0)
    const paths = files.map((key) => literal(lake.objects.path(key))).join(', ')
    expect(
      await sql.rows(
        `SELECT id % 2, count(DISTINCT size::BIT::VARCHAR || small::DOUBLE::BIT::VARCHAR)::INTEGER, bool_and(signbit(size) = (id % 2 = 0))
         FROM read_parquet([${paths}]) GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual([
      [0, 1, true],
      [1, 1, true],
    ])
  }
  expect(known.columns.map(({ type }) => type.kind)).toEqual(['integer', 'double', 'real'])
})
