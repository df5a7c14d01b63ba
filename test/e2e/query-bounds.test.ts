import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPosition } from '../../core/position.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { writeState } from '../../local/state/state-file.ts'
import { historyTable } from '../lake/any-history.ts'
import { smallLake } from '../lake/small-lake.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { lastJson, tidemark } from '../support/tidemark.ts'

test('G9 a query is ended at its time limit, and at what its process may hold, with a code of its own', async () => {
  const dir = join(await tempFolder(), 'run')
  const table = historyTable('bounded')
  const lake = await smallLake(dir)
  await lake.register(table)
  await lake.land(table, [['insert', loadPosition(1, 1n), 0, 0, null, null, 1, '1', null, null, 'x', null]])
  const entries = await lake.catalog.entries()
  await writeState(runFolder(dir), ({ catalog }) => catalog.restore(entries))
  const ask = (...args: readonly string[]) => tidemark(['query', '--dir', dir, '--json', ...args])

  expect(await ask('select note from h.bounded')).toMatchObject({ code: 0, stdout: '[\n{"note":"x"}\n]\n' })
  const [slow, large, wrong] = await Promise.all([
    ask(
      '--timeout',
      '500ms',
      'select count(*) from range(1000000) a, range(1000000) b where hash(a.range + b.range) = 1',
    ),
    /* Of one value of 8 GB the engine counts nothing. */
    ask('select range(1000000000)'),
    ask('select nothing from h.bounded'),
  ])
  for (const [finished, failure] of [
    [slow, 'query/timeout'],
    [large, 'query/too-large'],
    [wrong, 'query/invalid'],
  ] as const) {
    expect(finished.code).toBe(2)
    expect(lastJson(finished)).toMatchObject({ error: { code: failure } })
  }
})
