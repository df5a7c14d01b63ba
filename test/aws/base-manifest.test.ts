import { expect, test } from 'vitest'
import { readManifest } from '../../aws/glue/base-manifest.ts'

const base = {
  build: 3,
  position: '0001-0000000000000001-0000000001',
  historyFrom: null,
  rows: 0,
  parts: [],
  openSince: '2026-11-30',
  folded: [],
  tombstones: [],
}

test('a manifest that is none, or of another build, is refused by its name, and read again when it is restored', async () => {
  let text = '{"build": 3'
  const read = () =>
    readManifest({ get: async () => Buffer.from(text) }, { build: 3, key: 'catalog/base/3.json' })
  const refused = { code: 'catalog/corrupt', message: expect.stringContaining('catalog/base/3.json') }
  await expect(read()).rejects.toMatchObject(refused)
  text = JSON.stringify({ ...base, build: 2 })
  await expect(read()).rejects.toMatchObject(refused)
  text = JSON.stringify(base)
  expect(await read()).toMatchObject({ build: 3 })
})
