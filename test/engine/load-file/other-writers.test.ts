import { writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Column } from '../../../core/contract/language/column.ts'
import { comparisons, type RowCheck } from '../../../core/contract/language/row-check.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { runs, spread } from '../../support/budget.ts'
import { type AnyLoad, anyLoad } from './any-load.ts'
import { openEngine, reference, refusals, rewritten, sourceRows, writeLoad } from './load-run.ts'
import { otherWriters } from './other-writers.ts'
import { number, type SourceValue, textValue } from './source-values.ts'

/* Dictionaries of DuckDB and of hyparquet-writer have one entry for both: what they write is then another value. */
function hasBothZeros({ values }: AnyLoad['columns'][number]): boolean {
  return ["CAST('0'", "CAST('-0'"].every((zero) => values.some(({ sql }) => sql.startsWith(zero)))
}

/* The file of a load by another writer; undefined where that has no such types or values. */
async function written(
  engine: DuckEngine,
  folder: string,
  load: AnyLoad,
  writer: string,
): Promise<string | undefined> {
  if (load.columns.some(hasBothZeros)) return undefined
  const path = await writeLoad(engine, folder, load)
  const file = await otherWriters[writer]?.(engine, path, load.columns)
  if (file !== undefined) await writeFile(path, file)
  return file === undefined ? undefined : path
}

async function landsAsTheStream(
  engine: DuckEngine,
  folder: string,
  load: AnyLoad,
  path: string,
): Promise<void> {
  const outcome = await rewritten(engine, folder, path, load.table)
  const expected = await reference(engine, folder, sourceRows(load), load.table)
  expect(outcome.rows).toEqual(expected.rows)
  expect(refusals(outcome.refused)).toEqual(refusals(expected.refused))
}

const column = (type: Column['type']): Column => ({
  type,
  description: 'x',
  nullable: true,
  treatment: 'clear',
})

interface Ordered {
  readonly type: Column['type']
  readonly sqlType: string
  /** Beside each other in rows; the checks compare neighbours, and each with the literal. */
  readonly values: readonly SourceValue[]
  readonly literals: readonly NonNullable<RowCheck['value']>[]
}

/*
 * In each row group a NaN beside finite values, whose bounds say nothing of it; no infinity, for nothing is outside of that.
 */
const floats = (sqlType: 'DOUBLE' | 'FLOAT'): readonly SourceValue[] =>
  ['0.5', 'NaN', '2', '-0', '4', 'NaN', '-0.5', '1'].map((text) =>
    text === 'NaN' ? { sql: `CAST('NaN' AS ${sqlType})`, json: text } : number(sqlType)(text),
  )
const texts = ['a', '', 'é', '\u{1f600}', '\uffff', 'z', 'a'.repeat(40), `${'a'.repeat(40)}b`].map(textValue)
const ordered: readonly Ordered[] = [
  {
    type: { kind: 'double' },
    sqlType: 'DOUBLE',
    values: floats('DOUBLE'),
    literals: [5, -1, 'NaN'],
  },
  {
    type: { kind: 'real' },
    sqlType: 'FLOAT',
    values: floats('FLOAT'),
    literals: [5],
  },
  { type: { kind: 'string' }, sqlType: 'VARCHAR', values: texts, literals: ['é', '\uffff'] },
  {
    type: { kind: 'bigint' },
    sqlType: 'BIGINT',
    values: ['-1', '1', '0', '900719925474099', '-900719925474099'].map((text) => number('BIGINT')(text)),
    literals: [0],
  },
  {
    type: { kind: 'decimal', precision: 15, scale: 2 },
    sqlType: 'DECIMAL(15,2)',
    values: ['-1.00', '1.00', '0.00', '9999999999999.99', '-9999999999999.99'].map((text) =>
      number('DECIMAL(15,2)')(text),
    ),
    literals: ['1.5'],
  },
]

function ranked({ type, sqlType, values }: Ordered, check: RowCheck): AnyLoad {
  const ids = values.map((_, row) => number('BIGINT')(String(row)))
  const table: Table = {
    name: 't.ranked',
    version: 1,
    owner: 'tests',
    description: 'x',
    unknownFields: 'keep',
    source: { system: 'tests', table: 'public.ranked' },
    primaryKey: ['id'],
    partitionBy: {},
    columns: { id: { ...column({ kind: 'bigint' }), nullable: false }, a: column(type), b: column(type) },
    checks: [check],
  }
  const shifted = values.map((_, row) => values[(row + 1) % values.length] ?? textValue(''))
  return {
    table,
    rows: values.length,
    columns: [
      { name: 'id', sqlType: 'BIGINT', values: ids },
      { name: 'a', sqlType, values },
      { name: 'b', sqlType, values: shifted },
    ],
  }
}

/* What differs between the others shows in the property below. */
const peers = ['arrow-rs', 'hyparquet', 'hyparquet, short bounds', 'parquetjs-lite']

describe('a check across columns holds of the rows, whatever the bounds of another writer say', () => {
  test.each(peers)('G5, G6: %s', async (writer) => {
    const { engine, folder } = await openEngine()
    let landed = 0
    for (const known of spread(ordered, 3)) {
      const [first, ...rest] = comparisons.flatMap((is) =>
        [{ right: 'b' }, ...known.literals.map((value) => ({ value }))].map((side) =>
          ranked(known, { name: 'kept', left: 'a', is, ...side }),
        ),
      )
      if (first === undefined) continue
      const path = await written(engine, folder, first, writer)
      if (path === undefined) continue
      for (const load of [first, ...rest]) {
        await landsAsTheStream(engine, folder, load, path)
        landed += 1
      }
    }
    expect(landed).toBeGreaterThan(8)
  })
})

test('G5, G6: a load of any writer gives the rows and refusals that the row codec gives of the same rows', async () => {
  const { engine, folder } = await openEngine()
  let landed = 0
  await fc.assert(
    fc.asyncProperty(anyLoad, fc.constantFrom(...Object.keys(otherWriters)), async (load, writer) => {
      const path = await written(engine, folder, load, writer)
      if (path === undefined) return
      try {
        await landsAsTheStream(engine, folder, load, path)
        landed += 1
      } catch (error) {
        /* A column that can be none of the contract's: which those are shows in the law of DuckDB's own files. */
        if (!(error instanceof Error) || !/expected \w+ in column/.test(error.message)) throw error
      }
    }),
    { numRuns: runs(40) },
  )
  expect(landed).toBeGreaterThan(0)
}, 600_000)
