import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPosition } from '../../../core/position.ts'
import { RunState, type RunStateData } from '../../../local/state/run-state.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const fresh: RunStateData = {
  format: 2,
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

describe('the state of a run', () => {
  test.each([
    ['whole', undefined],
    ['in a journal', 0],
  ])(
    'G10 is on disk, %s, when an update resolves, the last of many at once on top',
    async (_, wholeBytes) => {
      const path = join(await tempFolder(), 'state.json')
      expect(await RunState.read(path, fresh)).toBeUndefined()
      const state = new RunState(path, fresh, wholeBytes)
      await state.update({ slotState: 'creating' })
      expect((await RunState.read(path, fresh))?.slotState).toBe('creating')
      await Promise.all([
        state.update({ slotState: 'created' }),
        state.setLoad('public.a', { state: 'waiting', oid: 7, rows: null, position: null }),
        state.setLoad('public.b', { state: 'complete', oid: 8, rows: 3, position: at(16) }),
        state.setLoad('public.a', { state: 'complete', oid: 7, rows: 2, position: at(255) }),
      ])
      expect(await RunState.read(path, fresh)).toEqual(state.data)
      expect(state.data.loads['public.a']).toEqual({ state: 'complete', oid: 7, rows: 2, position: at(255) })
      await state.close()
    },
  )

  test('refuses the folder of another database, slot or publication', async () => {
    const path = join(await tempFolder(), 'state.json')
    await new RunState(path, fresh).update({})
    for (const other of [
      { ...fresh, source: { ...fresh.source, system: '8' } },
      { ...fresh, source: { ...fresh.source, database: 'crm' } },
      { ...fresh, slot: 'other' },
      { ...fresh, publication: 'other' },
    ])
      await expect(RunState.read(path, other)).rejects.toMatchObject({ code: 'run/bad-folder' })
    const moved = { ...fresh, source: { ...fresh.source, address: 'elsewhere/hr' } }
    expect(await RunState.read(path, moved)).toEqual(fresh)
  })

  test('is never taken for new when it is damaged or cannot be read', async () => {
    const folder = await tempFolder()
    for (const [text, code] of [
      ['', 'run/damaged'],
      ['{"format":2', 'run/damaged'],
      ['{"format":1}', 'run/bad-folder'],
      [JSON.stringify({ ...fresh, slotState: 'odd' }), 'run/bad-folder'],
    ] as const) {
      await writeFile(join(folder, 'bad.json'), text)
      await expect(RunState.read(join(folder, 'bad.json'))).rejects.toMatchObject({ code })
    }
    await mkdir(join(folder, 'folder.json'))
    await expect(RunState.read(join(folder, 'folder.json'))).rejects.toThrow('EISDIR')
  })
})
