import { readFile } from 'node:fs/promises'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import type { Base } from '../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { RunState, type RunStateData } from '../../local/state/run-state.ts'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { historyTable } from '../lake/any-history.ts'
import { numberedPage, numberedRecord } from '../local/ledger/numbered-pages.ts'
import { load } from '../ports/load-ledger.contract.ts'
import { entry } from '../ports/quarantine.contract.ts'
import { openStores } from '../support/open-stores.ts'
import { tempFolder } from '../support/temp-folder.ts'

const base: Base = {
  build: 3,
  position: loadPosition(1, 2n),
  openSince: '2026-03-02',
  historyFrom: null,
  folded: [],
  parts: [],
  tombstones: [],
  rows: 7,
}
const run: RunStateData = {
  source: { name: 'shop', system: '7', database: 'hr', address: 'localhost/hr', isEmbedded: false },
  slot: 'tidemark',
  publication: 'tidemark',
  slotState: 'created',
  epoch: 1,
  added: [],
  loads: { 'public.things': { state: 'complete', oid: 7, rows: 7, position: loadPosition(1, 1n) } },
}

test('the queries of the state file that the page shows answer, beside the process that writes', async () => {
  const { state, raw, ledger, close } = await openStores(await tempFolder())
  const quarantine = await FolderQuarantine.in(state, Date.now)
  await new LoadDocuments(state.documents).save(load('a', '2026-03-02T08:00:00.000Z'))
  await quarantine.put([entry('a'), entry('b'), entry('c', { table: 'b.other', contract: null })])
  await quarantine.release(['b'], 'redriven')
  await raw.put([1, 2].map(numberedPage))
  await ledger.passTo(1, [numberedRecord(1)])
  const things = catalogTable(historyTable('things'))
  await state.catalog.registerTables([things, { ...things, version: 2 }])
  await state.catalog.registerPartition(things.name, 1, '2026-03-02')
  await state.catalog.addFloor(things.source, { position: loadPosition(1, 1n), reason: 'load' })
  await state.catalog.publishBase(things.name, 1, base, null)
  await new RunState(state.documents, run).update({})
  const page = await readFile(new URL('../../docs/06-the-run-folder.md', import.meta.url), 'utf8')
  const [, sql = ''] = /```sql\n(.*?)```/s.exec(page) ?? []
  const beside = new DatabaseSync(state.raw.path, { readOnly: true })
  const [waiting, one, documents, tables, left, pages, format, ahead, sums, open, catalog, loads] = sql
    .split(';\n')
    .filter((text) => text.trim() !== '')
    .map((text) => beside.prepare(text).all())
  beside.close()
  expect(waiting).toMatchObject([
    { source: 'a.t', code: 'format/bad-value', changes: 1 },
    { source: 'b.other', code: 'format/bad-value', changes: 1 },
  ])
  expect(one).toMatchObject([{ pk: 'entry#a', reasons: expect.stringContaining('must be text') }])
  expect(documents).toMatchObject([
    { name: 'loads/a', document: expect.stringContaining('22:00-04:00') },
    { name: 'run', document: expect.stringContaining('"slot":"tidemark"') },
  ])
  expect(tables).toEqual([{ source: 'public.shifts', state: 'failed' }])
  expect(left).toMatchObject([{ table_and_contract: '["a.t","a.t v1"]', redriven: 1, expired: 0 }])
  const { key, lastPosition } = numberedPage(2)
  expect(pages).toMatchObject([
    { source: 'a.t', pages: 2, changes: 10, first: numberedPage(1).firstPosition, last: lastPosition },
  ])
  expect(format).toEqual([{ checkpoint: 1, newest: 2 }])
  expect(ahead).toEqual([{ page: key.slice('a.t#'.length), changes: 5 }])
  expect(sums).toEqual([{ sum: 'source a.t', attributes: expect.stringContaining('"changes":5') }])
  expect(open).toMatchObject([{ page: numberedRecord(1).page, landed: '[]' }])
  const version = { days: null, floors: 1, build: null, base_rows: null }
  expect(catalog).toEqual([
    { ...version, table_version: `${things.name}.v1`, days: 1, build: 3, base_rows: 7 },
    { ...version, table_version: `${things.name}.v2` },
  ])
  expect(loads).toEqual([{ source: 'public.things', state: 'complete', rows: 7 }])
  await close()
})
