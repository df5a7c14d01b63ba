import { expect, test } from 'vitest'
import { encodeBlockHeader } from '../../core/block.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { FolderDelivery } from '../../local/stores/folder-delivery.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { deliveryContract, block as labelled, landedText } from './delivery.contract.ts'

deliveryContract('a folder', async () => {
  const objects = new FolderObjects(await tempFolder())
  const hints = { bytes: 1_000, milliseconds: 5 }
  return { objects, delivery: new FolderDelivery({ objects, now: Date.now, hints }) }
})

const text = Buffer.from(encodeBlockHeader({ table: 't.t', version: 1, columns: [] }))
const block = { table: 't.t', version: 1, rows: 0, text }

test('a flush lands what is held at once', async () => {
  const objects = new FolderObjects(await tempFolder())
  const hints = { bytes: 1 << 20, milliseconds: 3_600_000 }
  const delivery = new FolderDelivery({ objects, now: Date.now, hints })
  const puts = [delivery.put([block]), delivery.put([block])]
  await delivery.flush()
  await Promise.all(puts)
  expect(await objects.list('landing/')).toHaveLength(1)
  await delivery.flush()
  expect(await objects.list('landing/')).toHaveLength(1)
})

test('G10 two runs that deliver at the same reading of the clock write two objects', async () => {
  const objects = new FolderObjects(await tempFolder())
  for (let run = 0; run < 2; run += 1) {
    const delivery = new FolderDelivery({
      objects,
      now: () => 1_700_000_000_000,
      hints: { bytes: 1, milliseconds: 1 },
    })
    await delivery.put([block])
  }
  expect(await objects.list('landing/changes/2023/11/14/22/')).toHaveLength(2)
})

test('a folder rejects the puts whose object could not be stored, and goes on with the next', async () => {
  let failures = 1
  const inner = new FolderObjects(await tempFolder())
  const objects: ObjectStore = {
    put: (key, content) => (failures-- > 0 ? Promise.reject(new Error('disk')) : inner.put(key, content)),
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    delete: (key) => inner.delete(key),
  }
  const hints = { bytes: 1_000, milliseconds: 5 }
  const delivery = new FolderDelivery({ objects, now: Date.now, hints })
  const lost = [delivery.put([labelled('a', 600)]), delivery.put([labelled('b', 600)])]
  const kept = delivery.put([labelled('c', 2_000)])
  await expect(Promise.all(lost.map((one) => one.catch(String)))).resolves.toEqual([
    'Error: disk',
    'Error: disk',
  ])
  await kept
  await delivery.put([labelled('d')])
  const landed = await landedText(objects)
  expect([...'abcd'].map((id) => landed.includes(`["${id}`))).toEqual([false, false, true, true])
})
