import { expect, test } from 'vitest'
import { encodeBlockHeader } from '../../core/block.ts'
import { FolderDelivery } from '../../local/stores/folder-delivery.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { deliveryContract } from './delivery.contract.ts'

deliveryContract('a folder', async (wrap = (objects) => objects) => {
  const objects = wrap(new FolderObjects(await tempFolder()))
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
