import { expect, test } from 'vitest'
import type { Load } from '../../../core/load/load.ts'
import { newLoad } from '../../../ingest/loads/list-of-loads.ts'
import { begun, cancelled, placed } from '../../../ingest/loads/table-steps.ts'
import { LoadBook } from '../../../local/loads/load-book.ts'

const TABLE = 'w.shops'

/* A book whose ledger can be out of order. */
async function book() {
  const disk = { isFull: false, saved: newLoad({ id: 'l1', tables: [TABLE], window: null }, [], 0) as Load }
  const opened = await LoadBook.open({
    all: () => Promise.resolve([disk.saved]),
    save: async (load) => {
      await Promise.resolve()
      if (disk.isFull) throw new Error('disk full')
      disk.saved = load
    },
  })
  return { disk, opened, table: () => opened.table('l1', TABLE) }
}

test('G10 a step that cannot be saved was not taken', async () => {
  const { disk, opened, table } = await book()
  const waiting = table()
  const reading = begun(placed(waiting, { position: 'p', now: 1 }))
  disk.isFull = true
  await expect(opened.keepTable('l1', reading)).rejects.toThrow('disk full')
  expect(table()).toBe(waiting)
  disk.isFull = false
  await opened.keepTable('l1', reading)
  expect([table(), disk.saved.tables]).toEqual([reading, [reading]])
})

test('G2 a load that was cancelled while a step of it could not be saved stays cancelled', async () => {
  const { disk, opened, table } = await book()
  const reading = begun(placed(table(), { position: 'p', now: 1 }))
  disk.isFull = true
  const kept = opened.keepTable('l1', reading)
  const ended = cancelled(reading, 2)
  opened.show('l1', ended)
  await expect(kept).rejects.toThrow('disk full')
  expect(table()).toBe(ended)
})
