import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { formatPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { plannedCurrent } from '../../../lake/sql/planned-current.ts'
import { historyTable } from '../any-history.ts'
import { smallLake } from '../small-lake.ts'
import { landFiles } from './lake-with-base.ts'

const table = historyTable('named')

function rowOf(key: number, absent: readonly string[] | null = null): LakeRow {
  const position = formatPosition({ epoch: 1, lsn: BigInt(key), ordinal: 1, step: 0 })
  return ['insert', position, 0, null, absent, null, key, '0', null, null, null, null]
}

test('G2 current of a folder whose name is a pattern has no row of a folder that the pattern matches', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tidemark-planned-'))
  const engine = await DuckEngine.open({ temporary: join(root, 'spill') })
  try {
    const folders = [join(root, 'lake-?'), join(root, 'lake-1')]
    for (const folder of folders) await mkdir(folder)
    const [own, other] = await Promise.all(
      folders.map((folder, index) => landFiles(folder, table, [[rowOf(index)]])),
    )
    expect(other?.files).toEqual(own?.files)
    if (own === undefined) throw new Error('nothing has landed')
    const sql = await plannedCurrent((ask) => engine.rows(ask), own.entry, folders[0] ?? '')
    expect(await engine.rows(`SELECT "position" FROM (${sql})`)).toEqual([[0]])
  } finally {
    engine.close()
    await rm(root, { recursive: true, force: true })
  }
})

test.each([
  { what: 'of which everything is settled', absent: null },
  { what: 'with a row that lacks a column', absent: ['note'] },
])('G8 what lands after a query of a table $what was planned is in no half of it', async ({ absent }) => {
  const root = await mkdtemp(join(tmpdir(), 'tidemark-planned-'))
  const engine = await DuckEngine.open({ temporary: join(root, 'spill') })
  try {
    const lake = await smallLake(root)
    await lake.register(table)
    await lake.land(table, [rowOf(1), rowOf(2, absent)])
    const [entry] = await lake.catalog.entries()
    if (entry === undefined) throw new Error('no entry')
    const options = { withIncomplete: true }
    const sql = await plannedCurrent((ask) => engine.rows(ask), entry, root, options)
    await lake.land(table, [rowOf(3)])
    const seen = (of: string) => engine.rows(`SELECT "position" FROM (${of}) ORDER BY "position"`)
    expect(await seen(sql)).toEqual([[1], [2]])
    const later = await plannedCurrent((ask) => engine.rows(ask), entry, root, options)
    expect(await seen(later)).toEqual([[1], [2], [3]])
  } finally {
    engine.close()
    await rm(root, { recursive: true, force: true })
  }
})
