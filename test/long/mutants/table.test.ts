import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { occurrences } from './mutant.ts'
import { mutants } from './table.ts'

const root = resolve(import.meta.dirname, '../../..')

test('every mutant has its place in the code as it is now, once, and its test', () => {
  const places = mutants.map(({ file, before, reason }) => ({
    reason,
    found: occurrences(readFileSync(resolve(root, file), 'utf8'), before),
  }))
  expect(places.filter(({ found }) => found !== 1)).toEqual([])
  expect(mutants.filter(({ test }) => !existsSync(resolve(root, test)))).toEqual([])
  expect(mutants.filter(({ before, after }) => before === after)).toEqual([])
  expect(new Set(mutants.map(({ reason }) => reason)).size).toBe(mutants.length)
})
