import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { compactAll, planAll } from '../../../local/compaction/compact-all.ts'
import { CompactionDocuments } from '../../../state/documents/compaction-documents.ts'
import { historyTable } from '../../lake/any-history.ts'
import { smallLake } from '../../lake/small-lake.ts'
import { openDocuments } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const row: LakeRow = [
  'insert',
  `0001-${'1'.padStart(16, '0')}-0000000010`,
  0,
  0,
  null,
  null,
  1,
  '1',
  null,
  null,
  null,
  null,
]

test('every table of a folder is compacted, those without new files are left, nothing stays in scratch', async () => {
  const root = await tempFolder()
  const { catalog, ...lake } = await smallLake(root)
  const [first, second] = [historyTable('first'), historyTable('second')]
  for (const table of [first, second]) await lake.register(table)
  await lake.land(first, [row])
  const documents = await openDocuments(root)
  const manifest = { replaceFiles: async () => undefined }
  const deps = {
    root,
    catalog,
    ledger: new CompactionDocuments(documents),
    manifest,
    now: () => Date.parse('2024-01-02'),
    signal: new AbortController().signal,
  }
  expect((await planAll(deps)).done).toMatchObject([
    { table: 'h.first', isWhole: true, freshFiles: 1, touchedKeys: 1, partsToWrite: 1 },
    { table: 'h.second', freshFiles: 0, touchedKeys: 0 },
  ])
  expect((await compactAll(deps)).done).toMatchObject([
    { table: 'h.first', state: 'published', rows: 1 },
    { table: 'h.second', state: 'nothing new' },
  ])
  expect((await compactAll(deps, { table: 'h.first' })).done).toMatchObject([
    { table: 'h.first', state: 'nothing new' },
  ])
  expect(await documents.list('')).toEqual(['compaction/h.first.v1', 'compaction/h.second.v1'])
  expect(await readdir(join(root, 'scratch'))).toEqual([])
  const files = await lake.objects.list('lake/h/first_v1_base/')
  expect(files).toEqual([expect.stringMatching(/^lake\/h\/first_v1_base\/000001-[0-9a-f]{8}\/0\.parquet$/)])
})
