import { expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { loadPosition } from '../../../core/position.ts'
import { compactAll, refuseFailed } from '../../../local/compaction/compact-all.ts'
import { compactionFailures } from '../../../local/compaction/compaction-failures.ts'
import { CompactionDocuments } from '../../../state/documents/compaction-documents.ts'
import { smallLake } from '../../lake/small-lake.ts'
import { openDocuments } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/* PostgreSQL's most. */
const COLUMNS = 1_600

const tableOf = (name: string, columns: number): Table =>
  table({
    name: `s.${name}`,
    version: 1,
    owner: 'tests',
    description: 'Rows of a test',
    source: { system: 'tests', table: `s.${name}` },
    primaryKey: ['id'],
    unknownFields: 'drop',
    columns: {
      id: col.integer('Key'),
      ...Object.fromEntries(
        Array.from({ length: columns - 1 }, (_, index) => [
          `c${index}`,
          col.string('A value', { nullable: true }),
        ]),
      ),
    },
  })

const rowsOf = (columns: number): readonly LakeRow[] => {
  const values = Array.from({ length: columns - 1 }, (_, index) => `value ${index}`)
  const [, ...rest] = values
  return [
    ['insert', loadPosition(1, 1n), 0, 0, null, null, 1, ...values],
    ['update', loadPosition(1, 2n), 0, 0, ['c0'], null, 1, null, ...rest],
  ]
}

test('G9 a table of 1,600 columns is compacted, rows with gaps too; one that memory does not hold says so and stops no other', async () => {
  const root = await tempFolder()
  const documents = await openDocuments(root)
  const { catalog, ...lake } = await smallLake(root)
  const [small, wide] = [tableOf('small', 3), tableOf('columns', COLUMNS)]
  for (const one of [wide, small]) await lake.register(one)
  await lake.land(wide, rowsOf(COLUMNS))
  await lake.land(small, rowsOf(3))
  const deps = {
    root,
    catalog,
    ledger: new CompactionDocuments(documents),
    manifest: { replaceFiles: async () => undefined },
    now: () => Date.parse('2024-01-02'),
    signal: new AbortController().signal,
  }
  const { done, failed } = await compactAll(deps, { memoryMb: 100 })
  expect(done).toMatchObject([{ table: 's.small', state: 'published', rows: 1 }])
  expect(failed).toEqual([
    { table: 's.columns v1', code: 'lake/engine-memory', message: expect.stringContaining('Out of Memory') },
  ])
  expect(() => refuseFailed(failed)).toThrow(expect.objectContaining({ code: 'lake/engine-memory' }))
  const bases = (await catalog.entries()).map(({ table: { name }, base }) => [name, base?.rows ?? null])
  expect(Object.fromEntries(bases)).toEqual({ 's.columns': null, 's.small': 1 })
  expect(await compactionFailures(documents)).toEqual({
    's.columns v1': {
      at: '2024-01-02T00:00:00.000Z',
      code: 'lake/engine-memory',
      message: 'DuckDB: Out of Memory Error',
    },
  })
  expect((await compactAll(deps)).done).toMatchObject([
    { table: 's.columns', state: 'published', rows: 1 },
    { table: 's.small', state: 'nothing new' },
  ])
  expect(await compactionFailures(documents)).toEqual({})
})
