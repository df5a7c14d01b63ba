import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { col, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { currentSelect } from '../../../lake/sql/current-select.ts'
import { sourcesOf } from '../sql/lake-with-base.ts'
import { type CompactionLake, compactionLake, NOW } from './compaction-lake.ts'

export const parcels = table({
  name: 'post.parcels',
  version: 1,
  owner: 'tests',
  description: 'Parcels, some of their columns too large to be sent with each update',
  source: { system: 'tests', table: 'public.parcels' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  partitionBy: { place: { bucket: 4 } },
  columns: {
    id: col.integer('Key'),
    place: col.string('Where it lies'),
    n: col.integer('A small value', { nullable: true }),
    note: col.string('A large text', { nullable: true }),
  },
})

/** Ten days after the lakes begin, when old days of history may go. */
export const later = { now: () => NOW + 10 * 86_400_000 }

export type Values = readonly [place: string | null, n: number | null, note: string | null]

export const at = (place: number, step = 0) => `0001-${String(place).padStart(16, '0')}-000000000${step}`

export const insert = (place: number, id: number, values: Values): LakeRow => [
  ...(['insert', at(place), 0, 0, null, null, id] as const),
  ...values,
]

export const update = (place: number, id: number, absent: readonly string[], values: Values): LakeRow => [
  ...(['update', at(place), 0, 0, absent, null, id] as const),
  ...values,
]

/** The two rows of a change of the key. */
export const move = (
  place: number,
  [from, to]: readonly [number, number],
  absent: readonly string[],
  values: Values,
): readonly LakeRow[] => [
  ['delete', at(place), 0, 0, null, null, from, null, null, null],
  ['insert', at(place, 1), 0, 0, absent, null, to, ...values],
]

/** The mark of a refused change. */
export const refused = (place: number, id: number, step = 0): LakeRow => [
  ...(['refused', at(place, step), 0, 0, null, null, id] as const),
  ...([null, null, null] as const),
]

export const redriven = (row: LakeRow): LakeRow => {
  const [operation, position, , ...rest] = row
  return [operation, position, 1, ...rest]
}

export interface Seen {
  readonly shown: readonly unknown[]
  readonly heldBack: readonly unknown[]
}

/** Lakes of parcels, and what is in them. */
export class ParcelsFixture {
  private readonly root: string
  private readonly sql: DuckEngine
  private lakes = 0

  private constructor(root: string, sql: DuckEngine) {
    this.root = root
    this.sql = sql
  }

  static async open(): Promise<ParcelsFixture> {
    const root = await mkdtemp(join(tmpdir(), 'tidemark-parcels-'))
    return new ParcelsFixture(root, await DuckEngine.open({ temporary: join(root, 'spill') }))
  }

  async close(): Promise<void> {
    this.sql.close()
    await rm(this.root, { recursive: true, force: true })
  }

  newLake(): Promise<CompactionLake> {
    this.lakes += 1
    return compactionLake(join(this.root, `lake-${this.lakes}`), parcels, this.sql)
  }

  /** What readers see, and what is held back from them, as the engine and a session of a user have it. */
  async seen(lake: CompactionLake): Promise<Seen> {
    const entry = await lake.entry()
    const session = await LakeSession.open({ folder: folderOf(lake), entries: [entry] })
    const shown: unknown[] = []
    const { batches } = await session.query('SELECT id, place, n, note FROM post.parcels ORDER BY id')
    for await (const rows of batches) shown.push(...rows)
    session.close()
    /* Rows of the live keys for which no row of history has a value of every column. */
    const select = currentSelect(entry, sourcesOf(entry, folderOf(lake)), {
      withIncomplete: true,
      withPartitions: false,
      system: ['_position'],
    })
    return {
      shown,
      heldBack: await this.sql.rows(
        `SELECT id, _position, list_sort(_lacking) FROM (${select}) WHERE len(_lacking) > 0 ORDER BY id`,
      ),
    }
  }

  async asOf(lake: CompactionLake, position: string): Promise<readonly unknown[]> {
    const entry = await lake.entry()
    const select = currentSelect(entry, sourcesOf(entry, folderOf(lake)), { asOf: position })
    return this.sql.rows(`SELECT id, place, n, note FROM (${select}) ORDER BY id`)
  }

  /** Key and position of the marks that base keeps. */
  async marks(lake: CompactionLake): Promise<readonly unknown[]> {
    const entry = await lake.entry()
    const { tombstones } = sourcesOf(entry, folderOf(lake))
    return this.sql.rows(
      `SELECT id, _position FROM ${tombstones} WHERE _op = 'refused' ORDER BY id, _position`,
    )
  }
}

function folderOf(lake: CompactionLake): string {
  return dirname(lake.objects.path('lake'))
}
