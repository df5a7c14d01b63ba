import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import type { JsonValue } from '../../../core/json.ts'
import type { BasePart, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { loadPosition, type Position } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { currentSelect } from '../../../lake/sql/current-select.ts'
import { duckdbSources } from '../../../lake/sql/duckdb-sources.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { dayOf, landFiles } from './lake-with-base.ts'

const DAYS = 30
const ROWS = 200

const rota = table({
  name: 'work.rota',
  version: 1,
  owner: 'tests',
  description: 'Shifts by day',
  source: { system: 'tests', table: 'public.rota' },
  primaryKey: ['id'],
  partitionBy: { starts_at: 'day', id: { bucket: 2 } },
  unknownFields: 'drop',
  columns: {
    id: col.bigint('Key'),
    starts_at: col.timestamp('Begin'),
    note: col.string('Large', { nullable: true }),
  },
})

const noon = (day: number) => Date.UTC(2024, 0, 1 + day, 12)
const at = (index: number): Position => loadPosition(1, BigInt(index + 1))
const idOf = (day: number, row: number) => day * 1_000 + row

let folder: string
let session: LakeSession
let entry: CatalogEntry

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-pruning-'))
  const days = Array.from({ length: DAYS }, (_, day) =>
    Array.from({ length: ROWS }, (_row, row): LakeRow => {
      const id = idOf(day, row)
      return ['insert', at(id), 0, noon(day), null, null, String(id), noon(day) + row, `n${id}`]
    }),
  )
  /* What came after base: a new row, one that moved to another day, a delete; nothing odd. */
  const fresh: readonly LakeRow[] = [
    ['insert', at(100_000), 0, noon(40), null, null, '100000', noon(4), 'new'],
    ['update', at(100_001), 0, noon(40), null, null, String(idOf(4, 0)), noon(5), 'moved'],
    ['delete', at(100_002), 0, noon(40), null, null, String(idOf(4, 1)), null, null],
  ]
  const lake = await landFiles(folder, rota, [...days, fresh])
  const folded = lake.files.slice(0, DAYS).flatMap((key) => key ?? [])
  entry = { ...lake.entry, base: null }
  entry = {
    ...entry,
    base: {
      build: 1,
      position: at(99_999),
      openSince: dayOf(DAYS),
      historyFrom: null,
      folded,
      parts: await writeParts(folded),
      tombstones: [],
      rows: DAYS * ROWS,
    },
  }
  session = await LakeSession.open({ folder, entries: [entry] })
})

afterAll(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

/* Base of the inserts: the files of history lie by the day of their rows. */
async function writeParts(files: readonly string[]): Promise<readonly BasePart[]> {
  const engine = await DuckEngine.open({ temporary: join(folder, 'spill') })
  const parts: BasePart[] = []
  for (const [day, file] of files.entries()) {
    const values = { starts_at_day: dayOf(day), id_bucket: '0' }
    const key = `${entry.table.baseLocation}/starts_at_day=${values.starts_at_day}/id_bucket=0/000001-1.parquet`
    await mkdir(dirname(join(folder, key)), { recursive: true })
    await engine.run(
      `COPY (SELECT * FROM read_parquet(${literal(join(folder, file))})) TO ${literal(join(folder, key))} (FORMAT parquet)`,
    )
    parts.push({ values, files: [{ key, rows: ROWS, bytes: 0 }] })
  }
  engine.close()
  return parts
}

interface Scan {
  readonly names: string
  readonly files: number
  readonly rows: number
}

/** What a query reads below one prefix of the lake, scan by scan, the most files first: that of base in place, if any. */
async function reads(sql: string, prefix: string): Promise<readonly Scan[]> {
  await session.prepare(sql)
  return scanned(sql, prefix)
}

async function scanned(sql: string, prefix: string): Promise<readonly Scan[]> {
  const reader = await session.connection.runAndReadAll(`EXPLAIN (ANALYZE, FORMAT json) ${sql}`)
  const plan: unknown = JSON.parse(String(reader.getRowsJson()[0]?.[1]))
  return [...scansOf(plan)]
    .filter(({ names }) => names.includes(prefix))
    .toSorted((a, b) => b.files - a.files || b.rows - a.rows)
}

function* scansOf(node: unknown): Generator<Scan> {
  if (typeof node !== 'object' || node === null) return
  if ('extra_info' in node && typeof node.extra_info === 'object' && node.extra_info !== null) {
    const info: Readonly<Record<string, unknown>> = { ...node.extra_info }
    const rows = 'operator_cardinality' in node ? Number(node.operator_cardinality) : 0
    if (info['Total Files Read'] !== undefined)
      yield { names: String(info['Filename(s)']), files: Number(info['Total Files Read']), rows }
  }
  for (const child of Object.values(node)) yield* scansOf(child)
}

async function rowsOf(sql: string): Promise<readonly unknown[]> {
  await session.prepare(sql)
  return (await session.connection.runAndReadAll(sql)).getRowsJson()
}

/* As a user does: the functions are made when a query names them. */
async function asked(sql: string): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
  return rows
}

/* A scan that finds nothing to join with ends after the first rows, on each of two threads. */
const ENDED = 2

describe('a query of current', () => {
  test('on one day reads the one base file of that day', async () => {
    const query = `FROM work.rota WHERE starts_at_day = '2024-01-05'`
    /* Two are gone, one came. */
    expect(await rowsOf(`SELECT count(*), count(*) FILTER (note IS NULL) ${query}`)).toEqual([
      [String(ROWS - 1), '0'],
    ])
    const scans = await reads(`SELECT * ${query}`, '_base')
    expect(scans.length).toBeGreaterThan(0)
    for (const { files } of scans) expect(files).toBeLessThanOrEqual(ENDED)
    /* The scan that is not ended has every row of its only file. */
    const days = (names: string) => names.match(/starts_at_day=[\d-]+/g)
    expect(scans.map(({ files, names }) => [files, days(names)])).toContainEqual([
      1,
      ['starts_at_day=2024-01-05'],
    ])
    expect((await reads('SELECT * FROM work.rota', '_base'))[0]?.files).toBe(DAYS)
  })

  test('on a range of the time itself takes only the row groups of that range from base', async () => {
    const query = `SELECT * FROM work.rota WHERE starts_at >= TIMESTAMPTZ '2024-01-05 00:00:00+00' AND starts_at < TIMESTAMPTZ '2024-01-06 00:00:00+00'`
    expect(await rowsOf(`SELECT count(*) FROM (${query})`)).toEqual([[String(ROWS - 1)]])
    const [base] = await reads(query, '_base')
    expect(base).toMatchObject({ files: DAYS, rows: ROWS })
  })

  test('reads of history its fresh file alone', async () => {
    const scans = await reads('SELECT * FROM work.rota', '_history')
    expect(scans.map(({ files }) => files)).toEqual([1])
  })

  test('by the whole query, for when something is late, reads history no further than its first rows', async () => {
    const scans = await scanned(currentSelect(entry, duckdbSources(entry, folder)), '_history')
    expect(scans.length).toBeGreaterThan(1)
    for (const { files } of scans) expect(files).toBeLessThanOrEqual(ENDED)
  })

  test('shows the day of every row, also of those that are fresh, and no bucket', async () => {
    expect(
      await rowsOf(
        `SELECT id, starts_at_day FROM work.rota WHERE id IN (100000, 4000, 4001, 5001) ORDER BY id`,
      ),
    ).toEqual([
      [String(idOf(4, 0)), dayOf(5)],
      [String(idOf(5, 1)), dayOf(5)],
      ['100000', dayOf(4)],
    ])
    const { columns } = await session.query('SELECT * FROM work.rota')
    expect(columns.map(({ name }) => name)).toEqual([
      ...['id', 'starts_at', 'note', 'starts_at_day', '_position', '_committed_at', '_extra'],
    ])
  })
})

describe('a table as it was', () => {
  const idsOf = (relation: string) =>
    asked(`SELECT id::VARCHAR FROM ${relation} WHERE id IN (4000, 4001, 100000) ORDER BY id`)

  test('is asked for by a position, before and after base', async () => {
    expect(await idsOf(`work.rota_as_of('${at(100_002)}')`)).toEqual([['4000'], ['100000']])
    expect(await idsOf(`work.rota_as_of('${at(100_000)}')`)).toEqual([['4000'], ['4001'], ['100000']])
    expect(await idsOf(`work.rota_as_of('${at(4_000)}')`)).toEqual([['4000']])
  })

  test('is asked for by a time: the last position that was committed by then', async () => {
    expect(await idsOf(`work.rota_at(TIMESTAMPTZ '2024-03-01 00:00:00+00')`)).toEqual([['4000'], ['100000']])
    expect(await idsOf(`work.rota_at(TIMESTAMPTZ '2024-01-06 00:00:00+00')`)).toEqual([['4000'], ['4001']])
  })

  test('is an error, not an answer, where history does not reach', async () => {
    const refuses = (relation: string) => expect(asked(`SELECT * FROM ${relation}`)).rejects
    await refuses(`work.rota_as_of('yesterday')`).toThrow('not a position')
    await refuses(`work.rota_as_of('${loadPosition(1, 0n)}')`).toThrow('history does not reach back')
    await refuses(`work.rota_at(TIMESTAMPTZ '2023-12-31 00:00:00+00')`).toThrow('nothing was committed')
  })

  test('of a table whose load was empty, and whose history was dropped, says what it can say', async () => {
    const asOf = async (historyFrom: string | null, floor: string, position: string) => {
      const base = entry.base === null ? null : { ...entry.base, historyFrom }
      const given = { ...entry, base, floors: [{ position: floor, reason: 'load' as const }] }
      const opened = await LakeSession.open({ folder, entries: [given] })
      try {
        const { batches } = await opened.query(`SELECT count(*)::INTEGER FROM work.rota_as_of('${position}')`)
        let found: JsonValue | undefined
        for await (const [row] of batches) found = row?.[0]
        return found
      } finally {
        opened.close()
      }
    }
    const early = loadPosition(1, 0n)
    expect(await asOf(null, early, early)).toBe(0)
    await expect(asOf(at(2), early, at(1))).rejects.toThrow('history does not reach back')
    expect(await asOf(at(0), loadPosition(1, 900_000n), at(900_001))).toBe(0)
  })

  test('can be asked for by a user', async () => {
    const { batches } = await session.query(`SELECT count(*)::INTEGER FROM work.rota_as_of('${at(4_000)}')`)
    for await (const batch of batches) expect(batch).toEqual([[4 * ROWS + 1]])
  })
})
