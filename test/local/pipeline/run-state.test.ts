import { expect, onTestFinished, test } from 'vitest'
import { loadPosition } from '../../../core/position.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { RunState, type RunStateData } from '../../../local/state/run-state.ts'
import { StateFile, storedRun } from '../../../local/state/state-file.ts'
import { openDocuments } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const fresh: RunStateData = {
  source: { name: 'shop', system: '7', database: 'hr', address: 'localhost/hr', isEmbedded: false },
  slot: 'tidemark',
  publication: 'tidemark',
  slotState: 'none',
  epoch: 1,
  loads: {},
  added: [],
}

function at(lsn: number): string {
  return loadPosition(1, BigInt(lsn))
}

test('G10 is on disk when an update resolves, the last of many at once on top', async () => {
  const folder = runFolder(await tempFolder())
  expect(await storedRun(folder)).toBeUndefined()
  const state = new RunState(await openDocuments(folder.root), fresh)
  await state.update({ slotState: 'creating' })
  expect((await storedRun(folder))?.slotState).toBe('creating')
  const first = state.setLoad('public.a', { state: 'waiting', oid: 7, rows: null, position: null })
  const all = Promise.all([
    state.update({ slotState: 'created' }),
    state.setLoad('public.b', { state: 'complete', oid: 8, rows: 3, position: at(16) }),
    state.setLoad('public.a', { state: 'complete', oid: 7, rows: 2, position: at(255) }),
  ])
  await first
  expect((await storedRun(folder))?.loads['public.a']).toBeDefined()
  await all
  expect(await storedRun(folder)).toEqual(state.data)
  expect(state.data.loads['public.a']).toEqual({ state: 'complete', oid: 7, rows: 2, position: at(255) })
  await state.update({ loads: { 'public.b': { state: 'waiting', oid: 9, rows: null, position: null } } })
  expect(await storedRun(folder)).toEqual(state.data)
})

test('G10 what could not be written is written with the next update', async () => {
  const folder = runFolder(await tempFolder())
  const documents = await openDocuments(folder.root)
  const state = new RunState(documents, fresh)
  await state.update({})
  const put = documents.put.bind(documents)
  documents.put = () => Promise.reject(new Error('disk full'))
  await expect(
    state.setLoad('public.a', { state: 'waiting', oid: 7, rows: null, position: null }),
  ).rejects.toThrow('disk full')
  documents.put = put
  await state.update({ slotState: 'created' })
  expect(await storedRun(folder)).toEqual(state.data)
  expect(state.data.loads['public.a']?.oid).toBe(7)
})

test('refuses the folder of another database, slot or publication', async () => {
  const documents = await openDocuments(await tempFolder())
  await new RunState(documents, fresh).update({})
  for (const other of [
    { ...fresh, source: { ...fresh.source, system: '8' } },
    { ...fresh, source: { ...fresh.source, database: 'crm' } },
    { ...fresh, slot: 'other' },
    { ...fresh, publication: 'other' },
  ])
    await expect(RunState.read(documents, other)).rejects.toMatchObject({ code: 'run/bad-folder' })
  const moved = { ...fresh, source: { ...fresh.source, address: 'elsewhere/hr' } }
  expect(await RunState.read(documents, moved)).toEqual(fresh)
  const replaced = { ...fresh, source: { ...fresh.source, system: '8' } }
  expect(await RunState.read(documents, replaced, { isReplaced: true })).toEqual(fresh)
})

test('is never taken for new when it is of another form', async () => {
  const state = await StateFile.open(runFolder(await tempFolder()))
  onTestFinished(() => state.close())
  for (const odd of [{ epoch: 1 }, { ...fresh, loads: [], slotState: 'odd' }]) {
    await state.documents.put('run', odd)
    await expect(RunState.read(state.documents)).rejects.toMatchObject({ code: 'run/bad-folder' })
  }
})
