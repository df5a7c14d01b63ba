import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compareLock, hitsOf } from '../../contract-tools/check/compare-lock.ts'
import { indexText } from '../../contract-tools/load/index-file.ts'
import type { ContractFile } from '../../contract-tools/load/load-contracts.ts'
import { lockText, parseLock, readLock } from '../../contract-tools/load/lock-file.ts'
import { readRetired } from '../../contract-tools/load/retired-file.ts'
import { tableShape } from '../../core/contract/evolution/shape.ts'
import { exportName } from '../../core/contract/print/print-contract.ts'
import { tables } from '../../schemas/index.ts'

const root = fileURLToPath(new URL('../../schemas', import.meta.url))

const files = tables.map(
  (table): ContractFile => ({
    path: `${table.name.replace('.', '/')}/v${table.version}.ts`,
    shown: '',
    text: '',
    name: table.name,
    version: table.version,
    loaded: { kind: 'table', table, exportName: exportName(table) },
  }),
)
const folder = { root, shown: 'schemas', files }

describe('schemas/lock.json', () => {
  test('is what `tidemark contract lock` writes: run it, and put the file into the same commit', () => {
    expect(readFileSync(`${root}/lock.json`, 'utf8')).toBe(lockText(tables.map(tableShape)))
  })

  test('has no version that its contract breaks, nor one that is gone without a word in retired.json', async () => {
    const lock = (await readLock(root)) ?? []
    const changes = compareLock(folder, lock, await readRetired(root))
    expect(changes.flatMap(hitsOf)).toEqual([])
  })

  test('reads back as the shapes it was made of', () => {
    const shapes = tables.map(tableShape)
    expect(parseLock(lockText(shapes), 'lock.json')).toEqual(shapes)
  })

  test('another file is refused, by its path alone', () => {
    expect(() => parseLock('{"secret":1}', 'a/lock.json')).toThrow(/^a\/lock\.json is no lock of contracts$/)
  })
})

test('schemas/index.ts is what `tidemark contract lock` writes', () => {
  expect(readFileSync(`${root}/index.ts`, 'utf8')).toBe(indexText(folder))
})
