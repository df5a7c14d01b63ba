import { setImmediate } from 'node:timers/promises'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { put } from '../../core/ports/item-table.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { StateFile, storedEntries } from '../../local/state/state-file.ts'
import { historyTable } from '../lake/any-history.ts'
import { damageItem } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { catalogContract } from './catalog.contract.ts'

async function open(root: string, mode: 'read' | 'write' = 'write'): Promise<StateFile> {
  const state = await StateFile.open(runFolder(root), mode)
  onTestFinished(() => state.close())
  return state
}

/* Two versions of a table and another table, of which one has been changed in every way. */
async function filled() {
  const root = await tempFolder()
  const state = await open(root)
  const first = catalogTable(historyTable('things'))
  const tables = [first, { ...first, version: 2 }, catalogTable(historyTable('others'))]
  const { catalog } = state
  await catalog.registerTables(tables)
  await catalog.registerPartition(first.name, 1, '2024-01-01')
  await catalog.addFloor(first.source, { position: loadPosition(1, 1n), reason: 'load' })
  await catalog.publishRevision(first.name, 1, 1)
  return { root, state, catalog, tables, first }
}

for (const mode of ['read', 'write'] as const)
  catalogContract(`items of a run folder, opened again to ${mode},`, async () => {
    const root = await tempFolder()
    const { catalog } = await open(root)
    return { catalog, reopen: async () => (await open(root, mode)).catalog }
  })

test('a call writes the items that it changes, and no others', async () => {
  const { catalog, tables, first } = await filled()
  const written = async (call: () => Promise<void>) => {
    const { newest } = catalog.items
    await call()
    return (await catalog.items.after(newest, 100)).map(({ item }) => `${item.pk} ${item.sk}`)
  }
  const { name } = first
  const position = loadPosition(1, 2n)
  expect(await written(() => catalog.registerTables(tables))).toEqual([])
  expect(await written(() => catalog.registerPartition(name, 1, '2024-01-01'))).toEqual([])
  expect(await written(() => catalog.registerPartition(name, 2, '2024-01-01'))).toEqual([
    `${name}.v2 partitions`,
  ])
  expect(await written(() => catalog.addFloor(first.source, { position, reason: 'load' }))).toEqual([
    `${name}.v1 floor ${position}`,
    `${name}.v2 floor ${position}`,
  ])
  expect(await written(() => catalog.publishRevision(name, 1, 2))).toEqual([`${name}.v1 revisions`])
  expect(await written(() => catalog.dropPartitions(name, 1, ['2024-01-01']))).toEqual([
    `${name}.v1 partitions`,
  ])
  const wider = { ...first, description: 'Another' }
  expect(await written(() => catalog.registerTables([wider, ...tables.slice(1)]))).toEqual([
    `${name}.v1 table`,
  ])
})

test('what was read is read again only when it is another, by who writes and by who reads beside', async () => {
  const { root, state, catalog, first } = await filled()
  const { catalog: beside } = await open(root, 'read')
  const [own, other] = [await catalog.entries(), await beside.entries()]
  await state.documents.put('a', { b: 1 })
  expect(await catalog.entries()).toBe(own)
  expect(await beside.entries()).toBe(other)
  await catalog.dropPartitions(first.name, 1, ['2024-01-01'])
  expect(await beside.entries()).not.toBe(other)
  expect(await beside.entries()).toEqual(await catalog.entries())
})

test('G9 who writes never reads again what it has written, whoever asks while a call is becoming durable', async () => {
  const { state, catalog, first } = await filled()
  const read = catalog.items.snapshot.bind(catalog.items)
  let reads = 0
  catalog.items.snapshot = () => {
    reads += 1
    return read()
  }
  const asked = async () => {
    await state.ledger.atomically(() => undefined)
    for (let turn = 0; turn < 20; turn += 1) await catalog.entries()
  }
  await Promise.all([asked(), catalog.registerPartition(first.name, 1, '2024-01-02'), asked()])
  expect((await catalog.entries())[1]?.partitions).toEqual(['2024-01-01', '2024-01-02'])
  expect(reads).toBe(0)
})

test('G8 a floor comes to every version of its table at once, and to none when it cannot be written', async () => {
  const { root, catalog, first } = await filled()
  const { catalog: beside } = await open(root, 'read')
  const before = await catalog.entries()
  const versions = async () => (await beside.entries()).filter(({ table }) => table.name === first.name)
  let isDone = false
  const watch = async () => {
    for (; !isDone; await setImmediate()) {
      const [one, two] = await versions()
      expect(one?.floors).toEqual(two?.floors)
    }
  }
  const calls = Array.from({ length: 20 }, (_, index) =>
    catalog.addFloor(first.source, { position: loadPosition(1, BigInt(index + 2)), reason: 'truncate' }),
  )
  await Promise.all([
    watch(),
    Promise.all(calls).finally(() => {
      isDone = true
    }),
  ])
  expect((await versions()).map(({ floors }) => floors.length)).toEqual([21, 21])

  const entries = await catalog.entries()
  expect(entries).not.toEqual(before)
  const file = new DatabaseSync(runFolder(root).items)
  file.exec(
    `CREATE TRIGGER full BEFORE INSERT ON catalog WHEN NEW.pk LIKE '%.v2' BEGIN SELECT RAISE(ABORT, 'full'); END`,
  )
  file.close()
  const floor = { position: loadPosition(2, 1n), reason: 'truncate' } as const
  await expect(catalog.addFloor(first.source, floor)).rejects.toMatchObject({ code: 'ledger/unavailable' })
  expect(await catalog.entries()).toEqual(entries)
  expect(await beside.entries()).toEqual(entries)
})

test('a catalog of other bytes, or of another form, is never taken for an empty one', async () => {
  const { root, state, first } = await filled()
  await state.catalog.items.write([put({ pk: `${first.name}.v1`, sk: 'partitions', document: '[1]' })])
  await state.close()
  await expect(storedEntries(runFolder(root))).rejects.toMatchObject({
    code: 'run/bad-folder',
    message: expect.stringContaining(`${first.name}.v1`),
  })
  damageItem(root, { table: 'catalog' })
  await expect(storedEntries(runFolder(root))).rejects.toMatchObject({
    code: 'run/damaged',
    message: expect.stringContaining(`catalog: ${first.name}.v1 table`),
  })
})
