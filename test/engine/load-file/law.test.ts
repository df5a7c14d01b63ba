import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Column } from '../../../core/contract/language/column.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { isHashable, piiClasses, type Treatment } from '../../../core/contract/masking/pii.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { fastValue } from '../../../lake/load-file/fast-value.ts'
import { fileTypeOf } from '../../../lake/load-file/file-column.ts'
import { isImpossible } from '../../../lake/load-file/impossible-type.ts'
import { isJson } from '../../../lake/load-file/json-sql.ts'
import { runs, spread } from '../../support/budget.ts'
import { type AnyLoad, anyLoad, listTypes, scalarTypes } from './any-load.ts'
import {
  type Outcome,
  openEngine,
  reference,
  refusals,
  rewritten,
  sourceRows,
  writeLoad,
} from './load-run.ts'
import { fileTypes, number, type SourceValue, texts, textValue } from './source-values.ts'

/* Rows whose value, as the file has it, can be none of the contract's type. */
function impossibleRows({ table, columns }: AnyLoad): ReadonlySet<number> {
  const rows = new Set<number>()
  for (const [name, column] of Object.entries(table.columns)) {
    const found = columns.find((one) => one.name === (column.from ?? name))
    const type = fileTypeOf(found?.sqlType.replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE') ?? '')
    if (found === undefined || type === undefined || !isImpossible(column, type)) continue
    for (const [row, { json }] of found.values.entries()) if (json !== null) rows.add(row)
  }
  return rows
}

async function outcomeOf(
  engine: DuckEngine,
  folder: string,
  path: string,
  table: Table,
): Promise<Outcome | PipelineError> {
  try {
    return await rewritten(engine, folder, path, table)
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'landing/corrupt') return error
    throw error
  }
}

test('G5, G6: a load file gives the lake rows and the refusals that the row codec gives of the same rows as inserts', async () => {
  const { engine, folder } = await openEngine()
  const seen = { accepted: 0, refused: 0, passedOn: 0, impossible: 0 }
  await fc.assert(
    fc.asyncProperty(anyLoad, async (load) => {
      const path = await writeLoad(engine, folder, load)
      const rows = sourceRows(load)
      const outcome = await outcomeOf(engine, folder, path, load.table)
      const expected = await reference(engine, folder, rows, load.table)
      if (outcome instanceof PipelineError) {
        const impossible = impossibleRows(load)
        expect(impossible.size).toBeGreaterThan(0)
        expect(expected.refused.length).toBeGreaterThanOrEqual(impossible.size)
        seen.impossible += 1
        return
      }
      expect(outcome.rows).toEqual(expected.rows)
      expect(refusals(outcome.refused)).toEqual(refusals(expected.refused))
      seen.accepted += outcome.rows.length
      seen.refused += outcome.refused.length
      seen.passedOn += outcome.passedOn
    }),
    { numRuns: Math.max(40, runs(40)) },
  )
  /* Neither way alone would show anything. */
  expect(seen.accepted + seen.refused - seen.passedOn).toBeGreaterThan(0)
  expect(seen.passedOn - seen.refused).toBeGreaterThan(0)
}, 600_000)

/* One column of text, in which every text is once. */
function textLoad(column: Omit<Column, 'description' | 'nullable'>): AnyLoad {
  return columnLoad(column, 'VARCHAR', texts.map(textValue))
}

function columnLoad(
  column: Omit<Column, 'description' | 'nullable'>,
  sqlType: string,
  values: readonly SourceValue[],
): AnyLoad {
  const table: Table = {
    name: 't.texts',
    version: 1,
    owner: 'tests',
    description: 'x',
    unknownFields: 'keep',
    source: { system: 'tests', table: 'public.texts' },
    primaryKey: ['id'],
    partitionBy: {},
    columns: {
      id: { type: { kind: 'bigint' }, description: 'x', nullable: false, treatment: 'clear' },
      value: { description: 'x', nullable: true, ...column },
    },
  }
  return {
    table,
    rows: values.length,
    columns: [
      { name: 'id', sqlType: 'BIGINT', values: values.map((_, row) => number('BIGINT')(String(row))) },
      { name: 'value', sqlType, values },
    ],
  }
}

/* Lists of other elements are all alike: the row codec's. */
const listsInSql = listTypes.filter(
  ({ of }) => of.kind.endsWith('int') || of.kind === 'integer' || of.kind === 'string' || of.kind === 'uuid',
)

test.each(spread([...scalarTypes, ...listsInSql], 8))(
  'G5: every text is for %j what the row codec makes of it',
  async (type) => {
    const { engine, folder } = await openEngine()
    const load = textLoad({ type, treatment: 'clear' })
    const outcome = await rewritten(engine, folder, await writeLoad(engine, folder, load), load.table)
    const expected = await reference(engine, folder, sourceRows(load), load.table)
    expect(outcome.rows).toEqual(expected.rows)
    expect(refusals(outcome.refused)).toEqual(refusals(expected.refused))
  },
)

/* Each pair of a file type and a contract type that SQL has a way for. */
const pairs = fileTypes.flatMap(({ sqlType, value }) => {
  const file = fileTypeOf(sqlType.replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE'))
  if (file === undefined || file.kind === 'text') return []
  return scalarTypes.flatMap((type) =>
    fastValue(type, file, 'c0') === undefined ? [] : [{ sqlType, type, value }],
  )
})

test.each(spread(pairs, 12))(
  'G5: values of $sqlType are for $type what the row codec makes of them',
  async (pair) => {
    const { engine, folder } = await openEngine()
    const load = columnLoad({ type: pair.type, treatment: 'clear' }, pair.sqlType, fc.sample(pair.value, 60))
    const outcome = await rewritten(engine, folder, await writeLoad(engine, folder, load), load.table)
    const expected = await reference(engine, folder, sourceRows(load), load.table)
    expect(outcome.rows).toEqual(expected.rows)
    expect(refusals(outcome.refused)).toEqual(refusals(expected.refused))
  },
)

const treatments: readonly Treatment[] = ['clear', 'hash', 'mask', 'drop']

test.each(treatments)(
  'G5, G7: every personal text is masked as the row codec masks it: %s',
  async (treatment) => {
    const { engine, folder } = await openEngine()
    for (const pii of spread(piiClasses, 4)) {
      for (const type of [
        { kind: 'string' },
        { kind: 'date' },
        { kind: 'json' },
        { kind: 'binary' },
      ] as const) {
        if (treatment === 'hash' && !isHashable(type)) continue
        /* A year is of a day. */
        if (pii === 'birth-date' && type.kind !== 'date') continue
        const load = textLoad({ type, pii, treatment })
        const outcome = await rewritten(engine, folder, await writeLoad(engine, folder, load), load.table)
        const expected = await reference(engine, folder, sourceRows(load), load.table)
        expect(outcome.rows).toEqual(expected.rows)
      }
    }
  },
)

/* Pieces of which JSON is made, and of what only nearly is. */
const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ' ',
  '\n',
  '"',
  '"a"',
  '"x":1',
  '1',
  '-',
  '.5',
  'nan',
  'NaN',
  'Infinity',
]
const more = [
  'true',
  'null',
  '\\\\',
  '\\u00e9',
  '"inf, ]"',
  ', inf',
  ',]',
  '\ufeff',
  '\v',
  "'",
  '//',
  '1e999',
  '{"a":[1,2]}',
]

test('G6: text that is JSON for the engine alone is not let through', async () => {
  const { engine } = await openEngine()
  const nearly = fc
    .array(fc.constantFrom(...pieces, ...more), { maxLength: 6 })
    .map((parts) => parts.join(''))
  let taken = 0
  await fc.assert(
    fc.asyncProperty(fc.array(nearly, { minLength: 50, maxLength: 100 }), async (documents) => {
      const values = documents.map((text) => `(${textValue(text).sql})`).join(', ')
      const found = await engine.rows(`SELECT ${isJson('j')} FROM (VALUES ${values}) AS t(j)`)
      for (const [index, [isSound]] of found.entries()) {
        if (isSound !== true) continue
        taken += 1
        expect(() => JSON.parse(documents[index] ?? '')).not.toThrow()
      }
    }),
    { numRuns: runs(25) },
  )
  expect(taken).toBeGreaterThan(0)
})
