import { readdirSync, truncateSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { formatPosition } from '../../../core/position.ts'
import { digestOf } from '../../../engine/files/file-digest.ts'
import { auditReplay, type ReplayReading } from '../../../engine/replay/audit-replay.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { lakeRuns } from './lake-runs.ts'
import { change, noted, wide } from './things-fixture.ts'

const { eye, filled, inLife } = lakeRuns()
const replayThings = { kind: 'replay', table: 'w.things', isDryRun: false } as const

const at = (lsn: bigint) => formatPosition({ epoch: 1, lsn, ordinal: 1, step: 0 })

describe('the audit of a replay', () => {
  let duckdb: DuckDBInstance
  beforeAll(async () => {
    duckdb = await DuckDBInstance.create(':memory:')
    return () => duckdb.closeSync()
  })

  /* Three rows of revision 4, at the positions 10, 20 and 30, in one file. */
  async function audit(change: Partial<ReplayReading> = {}, work?: (path: string) => Promise<void>) {
    const path = join(await tempFolder(), 'replay.parquet')
    const connection = await duckdb.connect()
    const values = [10n, 20n, 30n].map((lsn) => `('insert', ${literal(at(lsn))}, 4)`).join(', ')
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${values}) rows(_op, _position, _revision)) TO ${literal(path)} (FORMAT parquet)`,
    )
    connection.closeSync()
    const reading: ReplayReading = {
      table: 'w.things',
      revision: 4,
      from: null,
      to: null,
      rows: 3,
      files: [{ key: 'k', sha256: await digestOf(path) }],
    }
    await work?.(path)
    await auditReplay({ ...reading, ...change }, async () => path)
  }

  test('passes what holds every row that was counted, of its revision and inside its range', async () => {
    await audit()
    await audit({ from: at(10n), to: at(30n) })
    await audit({ files: [], rows: 0 })
  })

  test.each([
    ['is a row short', { rows: 4 }],
    ['has a row too many', { rows: 2 }],
    ['is of another revision', { revision: 3 }],
    ['has a row before its range', { from: at(11n) }],
    ['has a row after its range', { to: at(29n) }],
    ['has other bytes', { files: [{ key: 'k', sha256: '0'.repeat(64) }] }],
  ])('G8 refuses one that %s', async (_, change) => {
    await expect(audit(change)).rejects.toMatchObject({ code: 'lake/unreadable' })
  })

  test.each([
    ['gone', (path: string) => rm(path)],
    ['cut', (path: string) => truncate(path, 40)],
  ])('G8 refuses one whose file is %s', async (_, work) => {
    await expect(audit({}, work)).rejects.toMatchObject({ code: 'lake/unreadable' })
  })
})

test('G8 a replay whose file is damaged before it is shown is never shown, and is given up', async () => {
  const folder = await filled([wide], [[change('insert', 1, { id: 1, n: 2, note: 'a', more: true })]])
  await inLife(folder, [noted], async () => undefined)
  const before = await eye().current(folder, 'w.things')
  await inLife(folder, [noted], async (shop) => {
    const damage = () => {
      const names = readdirSync(join(folder, 'lake'), { recursive: true, encoding: 'utf8' })
      for (const name of names) if (name.includes('replay-')) truncateSync(join(folder, 'lake', name), 100)
    }
    const replayed = shop.run(replayThings, new AbortController().signal, damage)
    await expect(replayed).rejects.toMatchObject({ code: 'lake/unreadable' })
  })
  expect(await eye().current(folder, 'w.things')).toEqual(before)
  await inLife(folder, [noted], async (shop) => {
    expect(await shop.run(replayThings)).toMatchObject({ state: 'complete', revision: 2 })
  })
  expect(await eye().current(folder, 'w.things')).not.toEqual(before)
})
