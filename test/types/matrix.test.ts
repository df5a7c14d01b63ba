import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { typeName } from '../../core/contract/value/type.ts'
import { openScratch, type Scratch } from '../local/sample/scratch.ts'
import { isWhole } from '../support/budget.ts'
import { type Matrix, measureMatrix } from './matrix.ts'
import { measuredCases, typeCases } from './type-cases.ts'
import { typeLines, typesPage } from './types-page.ts'

let scratch: Scratch
let matrix: Matrix

beforeAll(async () => {
  scratch = await openScratch(0o755)
  matrix = await measureMatrix(scratch)
}, 240_000)

afterAll(() => scratch?.clear())

describe.each(measuredCases.map((given, index) => ({ type: given.type, given, index })))(
  '$type',
  ({ given, index }) => {
    const measured = () => {
      const found = matrix.types[index]
      if (found === undefined) throw new Error('the type was not measured')
      return found
    }

    test('G5, G6: every value is the same on every way and for every reader, or in quarantine', (context) => {
      const { isSkipped, cells, table, keyTable } = measured()
      if (isSkipped) return context.skip(`the server has no extension ${given.extension}`)
      const inferred = table?.columns['v']?.type
      expect(inferred && typeName(inferred)).toBe(given.contract)
      const inferredKey = keyTable?.columns['v']?.type
      expect(inferredKey && typeName(inferredKey)).toBe(given.key)
      const readers = new Set(cells.map(({ path, reader }) => `${path}: ${reader}`))
      expect(readers.size).toBeGreaterThanOrEqual(given.key === undefined ? 19 : 32)
      expect(cells.filter(({ expected, observed }) => expected !== observed)).toEqual([])
    })
  },
)

test('G2: the proof of the run itself finds every table equal to the source', () => {
  const { tables } = matrix.run.proof
  expect(tables.length).toBeGreaterThan(measuredCases.length * 1.4)
  expect(tables.filter(({ equal }) => !equal)).toEqual([])
})

test('one of each kind that a contract knows is measured', () => {
  const kindsOf = (cases: typeof typeCases) => [
    ...new Set(cases.map(({ contract }) => contract.match(/^[a-z]+/i)?.[0])),
  ]
  const rest = ['smallint', 'integer', 'real', 'boolean', 'date', 'time']
  expect(kindsOf(typeCases).filter((kind) => !kindsOf(measuredCases).includes(kind ?? ''))).toEqual(
    isWhole() ? [] : rest,
  )
})

/* `npm run test:types -- -u` writes it. */
test('docs/types.md says what was measured', async () => {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'types.md')
  if (isWhole()) await expect(typesPage(matrix.types)).toMatchFileSnapshot(path)
  else
    expect((await readFile(path, 'utf8')).split('\n')).toEqual(
      expect.arrayContaining([...typeLines(matrix.types)]),
    )
})
