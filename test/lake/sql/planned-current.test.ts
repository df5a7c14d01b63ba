import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { formatPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { plannedCurrent } from '../../../lake/sql/planned-current.ts'
import { historyTable } from '../any-history.ts'
import { landFiles } from './lake-with-base.ts'

const table = historyTable('named')

function rowOf(key: number): LakeRow {
  const position = formatPosition({ epoch: 1, lsn: BigInt(key), ordinal: 1, step: 0 })
  return ['insert', position, 0, null, null, null, key, '0', null, null, null, null]
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
