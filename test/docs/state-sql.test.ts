import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { entry } from '../ports/quarantine.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('the queries of the state file that the page shows answer, beside the process that writes', async () => {
  const path = join(await tempFolder(), 'state.db')
  const quarantine = await FolderQuarantine.open({ items: path })
  await quarantine.put([entry('a'), entry('b'), entry('c', { table: 'b.other', contract: null })])
  await quarantine.release(['b'], 'redriven')
  const page = await readFile(new URL('../../docs/06-the-run-folder.md', import.meta.url), 'utf8')
  const [, sql = ''] = /```sql\n(.*?)```/s.exec(page) ?? []
  const beside = new DatabaseSync(path, { readOnly: true })
  const [waiting, one, left] = sql
    .split(';\n')
    .filter((text) => text.trim() !== '')
    .map((text) => beside.prepare(text).all())
  beside.close()
  expect(waiting).toMatchObject([
    { source: 'a.t', code: 'format/bad-value', changes: 1 },
    { source: 'b.other', code: 'format/bad-value', changes: 1 },
  ])
  expect(one).toMatchObject([{ pk: 'entry#a', reasons: expect.stringContaining('must be text') }])
  expect(left).toMatchObject([{ table_and_contract: '["a.t","a.t v1"]', redriven: 1, expired: 0 }])
  await quarantine.close()
})
