import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import type { SourceShapeColumn } from '../../../core/contract/infer/infer-type.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { exportName, printContract } from '../../../core/contract/print/print-contract.ts'
import { tables } from '../../../schemas/index.ts'
import { ordersV1 } from './print-contract.golden.ts'
import { rulesV1 } from './print-contract.rules.ts'
import { ordersShape } from './print-contract.shape.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/* Inside the project, or `#contract` would not resolve. */
const cache = join(root, 'test', '.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'print-contract-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0

/* What a printed contract makes when it runs; options that are left out are undefined in a column. */
async function evaluate(table: Table): Promise<unknown> {
  const file = join(folder, `contract-${files}.ts`)
  files += 1
  writeFileSync(file, printContract(table))
  const module: Record<string, unknown> = await import(/* @vite-ignore */ file)
  return module[exportName(table)]
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 160 }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '${', '`', '\n', 'é', '日', '😀', 'word '),
    maxLength: 40,
  }),
)
const anyColumn: fc.Arbitrary<SourceShapeColumn> = fc.record({
  name: fc.oneof(fc.stringMatching(/^[a-z_]{1,63}$/), fc.string({ minLength: 1 }), fc.constant('email')),
  type: fc.constantFrom('text', 'numeric', 'date', 'character varying', 'timestamp with time zone', 'inet'),
  kind: fc.constantFrom(...(['base', 'enum', 'array'] as const)),
  elementType: fc.constantFrom('text', 'numeric', 'uuid'),
  precision: fc.integer({ min: 1, max: 40 }),
  scale: fc.constantFrom(0, 1),
  length: fc.integer({ min: 1, max: 9999 }),
  notNull: fc.boolean(),
  enumValues: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }),
  comment: anyText,
})
const anyTable = fc
  .tuple(
    fc.uniqueArray(anyColumn, { selector: ({ name }) => name, minLength: 1, maxLength: 10 }),
    fc.boolean(),
    anyText,
    fc.stringMatching(/^[a-z_]{1,63}$/),
  )
  .map(([columns, guessPii, comment, name]) =>
    inferTable(
      { schema: 'public', name, key: columns.slice(0, 4).map((column) => column.name), columns, comment },
      { system: 'shop-postgres', guessPii },
    ),
  )

describe('the golden contract', () => {
  const table = inferTable(ordersShape, { system: 'shop-postgres', guessPii: true })

  test('is printed as it stands, for a reviewer to read', () => {
    const golden = readFileSync(new URL('./print-contract.golden.ts', import.meta.url), 'utf8')
    expect(printContract(table)).toBe(golden)
  })

  test('makes the table that was inferred', () => {
    expect(ordersV1).toEqual(table)
  })
})

test.each(tables)('$name, written by hand, is the same table after printing', async (table) => {
  expect(await evaluate(table)).toEqual(table)
})

test('a contract with every option of the language is the same table after printing', async () => {
  expect(await evaluate(rulesV1)).toEqual(rulesV1)
})

test('G5: a contract that was JSON is the same table after printing', async () => {
  const read: Table = JSON.parse(JSON.stringify(rulesV1))
  expect(await evaluate(read)).toEqual(rulesV1)
})

test('any inferred contract is the same table after printing', async () => {
  await fc.assert(
    fc.asyncProperty(anyTable, async (table) => {
      expect(await evaluate(table)).toEqual(table)
    }),
    { numRuns: 40 },
  )
})

test('a check is code: it is refused rather than left out', async () => {
  const [table] = tables
  if (table === undefined) throw new Error('no sample table')
  const { z } = await import('zod')
  const [name = '', column] = Object.entries(table.columns)[0] ?? []
  const checked = { ...table, columns: { ...table.columns, [name]: { ...column, check: z.string() } } }
  expect(() => printContract(checked as Table)).toThrow(`${name}: a check is code`)
})

test.each([
  ['workforce.employment_contracts', 2, 'employmentContractsV2'],
  ['public.a__b_', 1, 'aBV1'],
  ['public.delete', 1, 'deleteV1'],
  ['public.t_2fa', 1, 't2faV1'],
])('%s v%i is exported as %s', (name, version, expected) => {
  expect(exportName({ name, version })).toBe(expected)
})
