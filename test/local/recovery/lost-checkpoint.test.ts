import { expect, test } from 'vitest'
import { Pipeline } from '../../../local/pipeline/pipeline.ts'
import { repairFolder } from '../../../local/recovery/repair-folder.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { StateFile } from '../../../local/state/state-file.ts'
import { damageItem } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { findingsIn, LedgerFixture } from '../ledger/ledger-fixture.ts'
import { change, wide } from '../operations/things-fixture.ts'

const quiet = { info: () => undefined, warn: () => undefined }
const row = (lsn: number) => change('insert', lsn, { id: lsn, n: 1 })

test('G1 where the checkpoint is lost format goes on at the first page of which something is nowhere', async () => {
  const root = await tempFolder()
  const shop = await LedgerFixture.open(root, [wide])
  for (const page of [1, 2]) {
    await shop.capture([row(page * 10), row(page * 10 + 1)], String(page))
    await shop.format()
    await shop.land()
  }
  await shop.capture([row(30)], '3')
  await shop.close()
  damageItem(root, { table: 'ledger', pk: 'format' })
  const folder = runFolder(root)
  const { repairs } = await repairFolder(folder, { contracts: [wide], log: quiet, now: Date.now })
  expect(repairs.map(({ name }) => name)).toEqual(['state.db/ledger'])
  const hints = { bytes: 1 << 20, milliseconds: 5 }
  let tell: () => void = () => undefined
  const landed = new Promise<void>((resolve) => {
    tell = resolve
  })
  const pipeline = await Pipeline.open({
    folder,
    state: await StateFile.open(folder),
    tables: [wide],
    hints,
    log: quiet,
    landed: async (pages) => {
      if (pages === 3) tell()
    },
  })
  expect(pipeline.ledger.checkpoint).toBe(2)
  const of = { contract: wide, source: 'public.things' }
  expect(pipeline.ledger.balance(of)).toMatchObject({ captured: 5, landed: 4, inFlight: 1, balanced: true })
  pipeline.start()
  await Promise.race([landed, pipeline.failed])
  expect(pipeline.ledger.balance(of)).toMatchObject({ captured: 5, landed: 5, inFlight: 0, balanced: true })
  await pipeline.stop()
  expect(await findingsIn(root)).toEqual([])
})
