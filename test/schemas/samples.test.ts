import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseSample, runSample } from '../../formatters/run-sample.ts'
import { tables } from '../../schemas/index.ts'

const root = fileURLToPath(new URL('../../schemas/', import.meta.url))

/* `tidemark contract test` runs the samples with the same code; here they are part of the project's own tests. */
describe.each(tables)('$name v$version', (table) => {
  const folder = `${root}${table.name.replace('.', '/')}/samples/`
  const files = readdirSync(folder).filter((file) => file.startsWith(`v${table.version}.`))

  test('has two passing and two failing samples', () => {
    expect(files.filter((file) => file.endsWith('.pass.json')).length).toBeGreaterThanOrEqual(2)
    expect(files.filter((file) => file.endsWith('.fail.json')).length).toBeGreaterThanOrEqual(2)
    expect(files.filter((file) => !/^v\d+\.[a-z0-9-]+\.(pass|fail)\.json$/.test(file))).toEqual([])
  })

  test.each(files)('%s', (file) => {
    const sample = parseSample(
      readFileSync(folder + file, 'utf8'),
      file.endsWith('.pass.json') ? 'pass' : 'fail',
    )
    expect(runSample(table, sample)).toEqual([])
  })
})
