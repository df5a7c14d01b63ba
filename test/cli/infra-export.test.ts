import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { tidemark } from '../support/tidemark.ts'
import { scratchContracts } from './scratch-contracts.ts'

test('infra/generated is what the contracts say; `tidemark infra export` writes it', async () => {
  const { code, stderr } = await tidemark(['infra', 'export', '--check'], {
    cwd: resolve(import.meta.dirname, '../..'),
  })
  expect({ code, stale: stderr.match(/^(stale|not wanted) .*$/gm) }).toEqual({ code: 0, stale: null })
})

test('export writes, check finds what is stale and writes nothing, a mapping of no system goes', async () => {
  using scratch = scratchContracts()
  const out = join(scratch.root, 'generated')
  const run = async (...args: readonly string[]) => {
    const { code, out: text } = await scratch.run('infra', 'export', '--out', out, '--json', ...args)
    return { code, ...JSON.parse(text) }
  }
  expect(await run('--check')).toMatchObject({ code: 1, written: false, gone: [] })
  expect(existsSync(out)).toBe(false)
  expect(await run()).toMatchObject({ code: 0, written: true })
  expect(await run()).toMatchObject({ code: 0, changed: [] })
  scratch.write('generated/mappings/gone.cdc.json', '{}')
  scratch.write('generated/mine.json', '{}')
  scratch.edit('generated/contracts.json', 'sales', 'sale')
  expect(await run('--check')).toMatchObject({
    code: 1,
    changed: ['contracts.json'],
    gone: ['mappings/gone.cdc.json'],
  })
  expect(await run()).toMatchObject({ code: 0, gone: ['mappings/gone.cdc.json'] })
  expect(scratch.read('generated/mine.json')).toBe('{}')
  expect(await run('--check')).toMatchObject({ code: 0, changed: [], gone: [] })
})
