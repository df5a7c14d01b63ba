import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { formatPosition, nextStep, type Position } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import {
  type CurrentOptions,
  type CurrentSources,
  currentSelect,
  unsettledSelect,
} from '../../../lake/sql/current-select.ts'
import { plannedCurrent } from '../../../lake/sql/planned-current.ts'
import { isWhole, runs, within } from '../../support/budget.ts'
import { anyHistory, type History, historyTable } from '../any-history.ts'
import { dayOf, type LandedLake, landFiles, onlyFiles, sourcesOf, writeBase } from './lake-with-base.ts'

let root: string
let engine: DuckEngine
let lakes = 0
/* Times that nothing was late or missing. */
let settled = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-base-'))
  engine = await DuckEngine.open({ temporary: join(root, 'spill') })
})

afterAll(async () => {
  engine.close()
  await rm(root, { recursive: true, force: true })
})

async function landed({ files, floors }: Pick<History, 'files' | 'floors'>): Promise<LandedLake> {
  lakes += 1
  return landFiles(root, historyTable(`b${lakes}`), files, floors)
}

interface Folding {
  /** Days of the files that each build folds, the first build first. */
  readonly builds: readonly (readonly number[])[]
  /** How many floors are known at the first build. */
  readonly floors: number
  /** Whether the catalog tells which files are folded. */
  readonly tellsFiles: boolean
}

/** The entry after bases were built, one on the other, each of some files. */
async function withBase(
  { entry, files }: LandedLake,
  { builds, floors, tellsFiles }: Folding,
): Promise<CatalogEntry> {
  const all = files.flatMap((key) => key ?? [])
  let now: CatalogEntry = { ...entry, floors: entry.floors.slice(0, floors) }
  const folded: string[] = []
  for (const [index, days] of builds.entries()) {
    const added = days.flatMap((day) => files[day] ?? []).filter((key) => !folded.includes(key))
    folded.push(...added)
    const sources = { ...sourcesOf(now, root), fresh: onlyFiles(entry, root, all, added) }
    const history = onlyFiles(entry, root, all, folded)
    const position = await highest(history)
    if (position === null) continue
    const firstOpen = files.findIndex((key) => key !== undefined && !folded.includes(key))
    const openSince = tellsFiles ? dayOf(firstOpen < 0 ? files.length : firstOpen) : dayOf(0)
    const base = await writeBase(
      engine,
      root,
      now,
      { ...sources, history },
      {
        build: index + 1,
        position,
        openSince,
        folded: tellsFiles ? folded : [],
      },
    )
    now = { ...entry, base }
  }
  return now.base === null ? entry : { ...entry, base: now.base }
}

async function highest(history: string): Promise<Position | null> {
  const [[position] = []] = await engine.rows(`SELECT max(_position) FROM ${history}`)
  return typeof position === 'string' ? position : null
}

async function rowsOf(
  entry: CatalogEntry,
  options: CurrentOptions = {},
  sources: CurrentSources = sourcesOf(entry, root),
): Promise<readonly unknown[]> {
  const read = (given: CurrentOptions) =>
    engine.rows(`SELECT * FROM (${currentSelect(entry, sources, given)}) ORDER BY "position", at_micros`)
  const rows = await read(options)
  const [[unsettled] = []] = await engine.rows(unsettledSelect(entry, sources, options))
  if (Number(unsettled) > 0) return rows
  /* The short query has the same rows wherever it may be asked. */
  expect((await read({ ...options, isSettled: true })).toSorted(byText)).toEqual(rows.toSorted(byText))
  settled += 1
  return rows
}

/* As a proof and a query ask: which files there are first, then the short query where it may be. */
async function plannedRows(entry: CatalogEntry, asOf: string): Promise<readonly unknown[]> {
  const sql = await plannedCurrent((ask) => engine.rows(ask), entry, root, { asOf })
  return engine.rows(`SELECT * FROM (${sql})`)
}

const withoutBase = (entry: CatalogEntry): CatalogEntry => ({ ...entry, base: null })

const folding: fc.Arbitrary<Folding> = fc.record({
  builds: fc.array(fc.subarray([0, 1, 2]), { minLength: 1, maxLength: 2 }),
  floors: fc.nat(4),
  tellsFiles: fc.boolean(),
})

/** How rows come in order into two files to fold and one that is fresh, but for a few that are early or late. */
interface Order {
  readonly cuts: readonly number[]
  readonly astray: readonly number[]
}

const order: fc.Arbitrary<Order> = fc.record({
  cuts: fc.array(fc.nat(100), { minLength: 2, maxLength: 2 }),
  astray: fc.array(fc.nat(1_000), { maxLength: 2 }),
})

/* One copy of each row. */
function inOrder(
  { files }: Pick<History, 'files'>,
  { cuts, astray }: Order,
): readonly (readonly LakeRow[])[] {
  const rows = [...new Map(files.flat().map((row) => [JSON.stringify(row), row])).values()].toSorted(byText)
  rows.sort((a, b) => (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0))
  const lost = new Set(astray.map((index) => index % Math.max(rows.length, 1)))
  const part = (index: number) => {
    const ordered = cuts.filter((share) => index >= (rows.length * share) / 100).length
    return lost.has(index) ? (ordered + 2) % 3 : ordered
  }
  return [0, 1, 2].map((file) => rows.filter((_, index) => part(index) === file))
}

describe('current from base and fresh history', () => {
  test(
    'G2 G3 G4 is the fold of the whole history, whichever files base was made of, now and as of later positions',
    async () => {
      let merged = 0
      let later = 0
      await fc.assert(
        fc.asyncProperty(
          anyHistory,
          fc.option(order, { freq: 3 }),
          folding,
          async (history, ordered, how) => {
            const files = ordered === null ? history.files : inOrder(history, ordered)
            const builds = ordered === null ? how.builds : [[0], [1]]
            const entry = await withBase(await landed({ ...history, files }), { ...how, builds })
            const whole = withoutBase(entry)
            expect(await rowsOf(entry)).toEqual(await rowsOf(whole))
            const state = { withDeleted: true, system: ['_position', '_revision'] }
            const live = (await rowsOf(entry, state)).toSorted(byText)
            expect(keysAndPositions(live)).toEqual(
              keysAndPositions((await rowsOf(whole, state)).toSorted(byText)),
            )
            if (entry.base === null) return
            merged += 1
            for (const { position } of history.states.slice(-4)) {
              const then = await rowsOf(whole, { asOf: position })
              expect(await rowsOf(entry, { asOf: position })).toEqual(then)
              expect((await plannedRows(entry, position)).toSorted(byText)).toEqual(then.toSorted(byText))
              if (position >= entry.base.position) later += 1
            }
          },
        ),
        { numRuns: runs(12) },
      )
      /* A part of the runs may meet none by chance. */
      if (isWhole()) expect(merged).toBeGreaterThan(1)
      if (isWhole()) expect(later).toBeGreaterThan(1)
    },
    within(60_000),
  )

  test(
    'G2 needs no history of before base for keys without late rows',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyHistory, fc.nat(100), fc.nat(100), async (history, first, second) => {
          const rows = history.files.flat().toSorted((a, b) => (a[1] < b[1] ? -1 : 1))
          const cuts = [first, second]
            .map((share) => rows[Math.floor((rows.length * share) / 101)]?.[1] ?? '')
            .toSorted()
          /* The two halves of a change of the key stay together. */
          const part = (row: LakeRow) => cuts.filter((cut) => row[1].slice(0, 31) > cut.slice(0, 31)).length
          const files = [0, 1, 2].map((index) => rows.filter((row) => part(row) === index))
          const lake = await landed({ files, floors: history.floors })
          const entry = await withBase(lake, {
            builds: [[0, 1]],
            floors: history.floors.length,
            tellsFiles: true,
          })
          const all = lake.files.flatMap((key) => key ?? [])
          const kept = onlyFiles(entry, root, all, all.slice(lake.files[0] === undefined ? 0 : 1))
          const sources = { ...sourcesOf(entry, root), history: kept }
          expect(await rowsOf(entry, {}, sources)).toEqual(await rowsOf(withoutBase(entry)))
        }),
        { numRuns: runs(10) },
      )
    },
    within(60_000),
  )

  const put = (
    position: Position,
    key: number,
    note: string | null,
    missing: readonly string[] | null = null,
  ): LakeRow => [
    missing === null ? 'insert' : 'update',
    position,
    0,
    0,
    missing,
    null,
    key,
    '1',
    null,
    null,
    note,
    null,
  ]
  const moved = (position: Position, from: number, to: number): readonly [LakeRow, LakeRow] => [
    ['delete', position, 0, 0, null, null, from, '1', null, null, null, null],
    ['insert', nextStep(position), 0, 0, ['note'], null, to, '1', null, null, null, null],
  ]
  const at = (index: number) => formatPosition({ epoch: 1, lsn: BigInt(index), ordinal: 1, step: 0 })
  const notesOf = async (files: readonly (readonly LakeRow[])[]) => {
    const lake = await landed({ files, floors: [] })
    const entry = await withBase(lake, { builds: [[0]], floors: 0, tellsFiles: true })
    expect(entry.base).not.toBeNull()
    const whole = await rowsOf(withoutBase(entry))
    expect(await rowsOf(entry)).toEqual(whole)
    return whole.map((row) => (Array.isArray(row) ? [row[0], row[5]] : row))
  }

  test('G4 a late change of a key reaches the keys that inherited its values, step after step', async () => {
    const [out, into] = moved(at(5), 1, 2)
    const [again, last] = moved(at(7), 2, 3)
    expect(
      await notesOf([
        [put(at(1), 1, 'old'), out, into, again, last, put(at(9), 4, 'other')],
        [put(at(3), 1, 'late', [])],
      ]),
    ).toEqual([
      [3, 'late'],
      [4, 'other'],
    ])
  })

  test('G4 the delete half of a change of a key may come late', async () => {
    const [out, into] = moved(at(5), 1, 2)
    expect(await notesOf([[put(at(1), 1, 'kept'), into, put(at(9), 4, 'other')], [out]])).toEqual([
      [2, 'kept'],
      [4, 'other'],
    ])
  })

  test('G4 the insert half of a change of a key may be the first that is fresh', async () => {
    const [out, into] = moved(at(5), 1, 2)
    expect(await notesOf([[put(at(1), 1, 'kept'), put(at(2), 4, 'other'), out], [into]])).toEqual([
      [2, 'kept'],
      [4, 'other'],
    ])
  })

  test('G2 a value is healed from base, through a change of the key that is fresh', async () => {
    const [out, into] = moved(at(5), 1, 2)
    expect(
      await notesOf([
        [put(at(1), 1, 'kept'), put(at(2), 4, 'other')],
        [out, into, put(at(6), 4, null, ['note'])],
      ]),
    ).toEqual([
      [2, 'kept'],
      [4, 'other'],
    ])
  })

  test('G2 where nothing is late or missing the short query has the rows of base and those in their place', async () => {
    const deleted: LakeRow = ['delete', at(7), 0, 0, null, null, 1, '1', null, null, null, null]
    const before = settled
    expect(
      await notesOf([
        [put(at(1), 1, 'goes'), put(at(2), 2, 'old'), put(at(3), 3, 'stays')],
        [put(at(5), 2, 'new', []), put(at(6), 4, 'came'), deleted],
      ]),
    ).toEqual([
      [2, 'new'],
      [3, 'stays'],
      [4, 'came'],
    ])
    expect(settled).toBe(before + 2)
  })

  test('G4 a key that was deleted before base stays deleted when an older change of it comes', async () => {
    const deleted: LakeRow = ['delete', at(5), 0, 0, null, null, 1, '1', null, null, null, null]
    expect(
      await notesOf([[put(at(1), 1, 'x'), deleted, put(at(6), 4, 'other')], [put(at(3), 1, 'late', [])]]),
    ).toEqual([[4, 'other']])
  })
})

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/* Of a deleted key only these are held. */
function keysAndPositions(rows: readonly unknown[]): readonly unknown[] {
  return rows.map((row) =>
    Array.isArray(row) && row.includes('delete') ? [row[0], row[2], ...row.slice(-3)] : row,
  )
}
