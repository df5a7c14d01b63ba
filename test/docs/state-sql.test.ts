import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { StateFile } from '../../local/state/state-file.ts'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { load } from '../ports/load-ledger.contract.ts'
import { entry } from '../ports/quarantine.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('the queries of the state file that the page shows answer, beside the process that writes', async () => {
  const path = join(await tempFolder(), 'state.db')
  const state = await StateFile.open({ items: path })
  const quarantine = await FolderQuarantine.in(state, Date.now)
  await new LoadDocuments(state.documents).save(load('a', '2026-03-02T08:00:00.000Z'))
  await quarantine.put([entry('a'), entry('b'), entry('c', { table: 'b.other', contract: null })])
  await quarantine.release(['b'], 'redriven')
  const page = await readFile(new URL('../../docs/06-the-run-folder.md', import.meta.url), 'utf8')
  const [, sql = ''] = /```sql\n(.*?)```/s.exec(page) ?? []
  const beside = new DatabaseSync(path, { readOnly: true })
  const [waiting, one, documents, tables, left] = sql
    .split(';\n')
    .filter((text) => text.trim() !== '')
    .map((text) => beside.prepare(text).all())
  beside.close()
  expect(waiting).toMatchObject([
    { source: 'a.t', code: 'format/bad-value', changes: 1 },
    { source: 'b.other', code: 'format/bad-value', changes: 1 },
  ])
  expect(one).toMatchObject([{ pk: 'entry#a', reasons: expect.stringContaining('must be text') }])
  expect(documents).toMatchObject([{ name: 'loads/a', document: expect.stringContaining('22:00-04:00') }])
  expect(tables).toEqual([{ source: 'public.shifts', state: 'failed' }])
  expect(left).toMatchObject([{ table_and_contract: '["a.t","a.t v1"]', redriven: 1, expired: 0 }])
  await state.close()
})
