import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { isWhole, runs, within } from '../../support/budget.ts'
import { anyHistory, type History, historyTable } from '../any-history.ts'
import { type CompactionLake, compactionLake } from './compaction-lake.ts'

let root: string
let sql: DuckEngine
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-compaction-'))
  sql = await DuckEngine.open({ temporary: join(root, 'spill') })
})

afterAll(async () => {
  sql.close()
  await rm(root, { recursive: true, force: true })
})

async function newLake(): Promise<CompactionLake> {
  lakes += 1
  const table: Table = {
    ...historyTable(`t${lakes}`),
    partitionBy: { at: 'day', position: { bucket: 3 } },
  }
  return compactionLake(join(root, String(lakes)), table, sql)
}

/** What happens to a lake, one after the other. */
type Event =
  | { readonly kind: 'land'; readonly rows: readonly LakeRow[]; readonly day: string }
  | { readonly kind: 'floor'; readonly index: number }
  | { readonly kind: 'publish' }

/* Files cut into objects of one revision each, as a replay has files of its own. */
function eventsOf(history: History, size: number): readonly Event[] {
  const landings = history.files.flatMap((rows, file) =>
    [0, 1].flatMap((revision) => {
      const some = rows.filter((row) => row[2] === revision)
      return Array.from({ length: Math.ceil(some.length / size) }, (_, cut) => ({
        kind: 'land' as const,
        rows: some.slice(cut * size, (cut + 1) * size),
        day: `2024-01-0${file + 1}`,
      }))
    }),
  )
  const floors = history.floors.flatMap(({ reason }, index) =>
    reason === 'load' ? [{ kind: 'floor' as const, index }] : [],
  )
  return [...landings, ...floors, { kind: 'publish' as const }]
}

async function play(lake: CompactionLake, history: History, event: Event): Promise<void> {
  const { table, catalog } = lake
  const floor = event.kind === 'floor' ? history.floors[event.index] : undefined
  if (event.kind === 'land') await lake.land(table, event.rows, event.day)
  if (floor !== undefined) await catalog.addFloor(table.source.table, floor)
  if (event.kind === 'publish') await catalog.publishRevision(table.name, 1, 1)
}

/* A new floor makes a base anew; without one it is made of the last. */
const withoutFloors = anyHistory.filter(({ floors, files }) => floors.length === 0 && files.flat().length > 8)

describe('compaction', () => {
  test(
    'G2 G3 G4 after any landings, late files, replays, floors and key moves the base is the whole history folded',
    async () => {
      let late = 0
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({ weight: 1, arbitrary: anyHistory }, { weight: 3, arbitrary: withoutFloors }),
          fc.integer({ min: 2, max: 12 }),
          fc.infiniteStream(fc.nat()),
          async (history, size, order) => {
            const lake = await newLake()
            const dice = order[Symbol.iterator]()
            const roll = (sides: number) => Number(dice.next().value) % sides
            const rest = [...eventsOf(history, size)]
            while (rest.length > 0) {
              /* Mostly in order, sometimes not. */
              const [event] = rest.splice(roll(3) === 0 ? roll(rest.length) : 0, 1)
              if (event !== undefined) await play(lake, history, event)
              if (roll(4) > 0 && rest.length > 0) continue
              const { state } = await lake.compact()
              if (state === 'published') late += 1
              expect(await lake.baseRows()).toEqual(await lake.foldedRows())
              expect(await lake.tombstones()).toEqual(await lake.deletedKeys())
            }
          },
        ),
        { numRuns: runs(7) },
      )
      /* A part of the runs may meet none by chance. */
      if (isWhole()) expect(late).toBeGreaterThan(1)
    },
    within(60_000),
  )
})
