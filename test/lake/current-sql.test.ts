import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Position } from '../../core/position.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { type CurrentSources, currentSelect } from '../../lake/sql/current-select.ts'
import { historySelect } from '../../lake/sql/history-select.ts'
import { isWhole, runs, within } from '../support/budget.ts'
import { anyHistory, type History, historyTable, type ModelRow } from './any-history.ts'
import { smallLake } from './small-lake.ts'

let root: string
let session: LakeSession
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-current-'))
  session = await LakeSession.open({ folder: root, entries: [] })
})

afterAll(async () => {
  session.close()
  await rm(root, { recursive: true, force: true })
})

/** Brings lake rows into a lake of their own, one landed object for each file. */
async function lakeOf(history: Pick<History, 'files' | 'floors'>): Promise<CatalogEntry> {
  lakes += 1
  const table = historyTable(`t${lakes}`)
  const lake = await smallLake(root)
  await lake.register(table)
  for (const [file, rows] of history.files.entries())
    if (rows.length > 0) await lake.land(table, rows, `2024-01-0${file + 1}`)
  /* Truncates became floors by landing; completed loads are the run's to say. */
  for (const floor of history.floors)
    if (floor.reason === 'load') await lake.catalog.addFloor(table.source.table, floor)
  await lake.catalog.publishRevision(table.name, 1, 1)
  const [entry] = await lake.catalog.entries()
  if (entry === undefined) throw new Error('no entry')
  return entry
}

function historyOf(entry: CatalogEntry): CurrentSources {
  return { history: `(${historySelect(entry, root)})` }
}

async function currentOf(entry: CatalogEntry, asOf?: Position): Promise<readonly unknown[]> {
  const select = currentSelect(entry, historyOf(entry), asOf === undefined ? {} : { asOf })
  return ask(select)
}

async function ask(select: string): Promise<readonly (readonly unknown[])[]> {
  const reader = await session.connection.runAndReadAll(
    `SELECT "position", at_micros::VARCHAR, tags, amount::VARCHAR, note, seen_micros::VARCHAR,
      epoch_ms(seen)::VARCHAR, _position FROM (${select}) ORDER BY "position", at_micros`,
  )
  return reader.getRowsJson()
}

function expected(rows: readonly ModelRow[]): readonly unknown[] {
  return rows
    .toSorted((a, b) => a.key[0] - b.key[0] || Number(a.key[1]) - Number(b.key[1]))
    .map(({ key, tags, amount, note, seen, position }) => [
      ...key,
      tags,
      amount,
      note,
      seen,
      seen === null ? null : String(Math.floor(Number(seen) / 1000)),
      position,
    ])
}

describe('current', () => {
  test(
    'G2 G3 G4 is the table of the source, now and as of every position, whatever the order and the copies',
    async () => {
      let compared = 0
      await fc.assert(
        fc.asyncProperty(anyHistory, async (history) => {
          const entry = await lakeOf(history)
          expect(await currentOf(entry)).toEqual(expected(history.states.at(-1)?.rows ?? []))
          for (const { position, rows } of history.states.slice(-8)) {
            expect(await currentOf(entry, position)).toEqual(expected(rows))
            compared += 1
          }
        }),
        { numRuns: runs(24) },
      )
      /* A part of the runs may meet none by chance. */
      if (isWhole()) expect(compared).toBeGreaterThan(20)
    },
    within(60_000),
  )

  test('G2 takes a value that two updates did not bring from the row of the old key, or the key before that', async () => {
    const note = (text: string | null) => [['a'], '1.00', text, null] as const
    const at = (lsn: number, step = 0) => `0001-${String(lsn).padStart(16, '0')}-00000000${1}${step}`
    const entry = await lakeOf({
      floors: [],
      files: [
        [
          ['insert', at(1), 0, 0, null, null, 1, '1', ...note('kept')],
          ['delete', at(2), 0, 0, null, null, 1, '1', null, null, null, null],
          ['insert', at(2, 1), 0, 0, ['note'], null, 2, '2', ...note(null)],
          ['delete', at(3), 0, 0, null, null, 2, '2', null, null, null, null],
          ['insert', at(3, 1), 0, 0, ['note'], null, 3, '3', ...note(null)],
          ['update', at(4), 0, 0, ['note', 'tags'], null, 3, '3', null, '2.00', null, null],
          /* The keys live again, with other rows. */
          ['insert', at(5), 0, 0, null, null, 1, '1', ...note('other')],
          ['insert', at(6), 0, 0, null, null, 2, '2', ...note(null)],
        ],
      ],
    })
    expect(await currentOf(entry)).toEqual([
      [1, '1', ['a'], '1.00', 'other', null, null, at(5)],
      [2, '2', ['a'], '1.00', null, null, null, at(6)],
      [3, '3', ['a'], '2.00', 'kept', null, null, at(4)],
    ])
    expect(await currentOf(entry, at(2, 1))).toEqual([[2, '2', ['a'], '1.00', 'kept', null, null, at(2, 1)]])
  })

  test('G8 shows nothing of a replay before it is published, then all of it', async () => {
    const at = '0001-0000000000000001-0000000010'
    const lake = await smallLake(root)
    await lake.catalog.restore([])
    const table = historyTable('replayed')
    await lake.register(table)
    const row = (revision: number, id: number): LakeRow => [
      'insert',
      at,
      revision,
      0,
      null,
      null,
      id,
      '1',
      null,
      null,
      `read by ${revision}`,
      null,
    ]
    await lake.land(table, [row(0, 1), row(0, 2)])
    await lake.land(table, [row(3, 1), row(3, 2)])
    const notes = async () => {
      const [entry] = await lake.catalog.entries()
      if (entry === undefined) throw new Error('no entry')
      return (await ask(currentSelect(entry, historyOf(entry)))).map((one) => one[4])
    }
    expect(await notes()).toEqual(['read by 0', 'read by 0'])
    await lake.catalog.publishRevision(table.name, 1, 3)
    expect(await notes()).toEqual(['read by 3', 'read by 3'])
  })

  test('refuses a position that is none', async () => {
    const entry = await lakeOf({ floors: [], files: [] })
    expect(() => currentSelect(entry, { history: 'h' }, { asOf: "' OR true --" })).toThrow(RangeError)
  })
})
