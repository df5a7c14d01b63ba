import { expect, onTestFinished, test, vi } from 'vitest'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { CompactionEngines } from '../../../local/compaction/compaction-engines.ts'
import { tempFolder } from '../../support/temp-folder.ts'

async function openings(): Promise<{ readonly engines: CompactionEngines; readonly count: () => number }> {
  const opened = vi.spyOn(DuckEngine, 'open')
  const engines = new CompactionEngines(await tempFolder(), undefined)
  onTestFinished(async () => {
    await engines.close()
    opened.mockRestore()
  })
  return { engines, count: () => opened.mock.calls.length }
}

test('small tables share an engine, which keeps nothing of the one before; twice the tables open no more of them', async () => {
  const { engines, count } = await openings()
  const opened: number[] = []
  for (let table = 1; table <= 20; table += 1) {
    const sql = await engines.take(512)
    /* What a first compaction has as a view is a table in a later one. */
    await sql.run(
      `CREATE OR REPLACE TEMP ${table % 2 === 0 ? 'VIEW' : 'TABLE'} compact_input AS SELECT ${table} AS n`,
    )
    expect(await sql.rows(`SELECT n FROM compact_input`)).toEqual([[table]])
    expect(await sql.rows(`SELECT current_setting('TimeZone')`)).toEqual([['UTC']])
    if (table % 10 === 0) opened.push(count())
  }
  expect(opened).toEqual([1, 1])
})

test('a wide table has an engine of its own, with its memory', async () => {
  const { engines, count } = await openings()
  const limit = `SELECT current_setting('memory_limit')`
  for (const megabytes of [512, 1024, 1024, 512])
    expect(await (await engines.take(megabytes)).rows(limit)).toEqual([
      [megabytes === 512 ? '488.2 MiB' : '976.5 MiB'],
    ])
  expect(count()).toBe(4)
})
