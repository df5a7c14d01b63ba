import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'
import { killWriter, pairsIn } from './kill-writer.ts'

test('G10 a writer that is killed loses nothing that it was told is durable, and leaves no half of a call', async () => {
  const path = join(await tempFolder(), 'state.db')
  const told: number[] = []
  for (const pairs of [40]) {
    told.push(...(await killWriter(path, told.length * 10, pairs)))
    const { whole, halves } = await pairsIn(path)
    expect(told.filter((number) => !whole.has(number))).toEqual([])
    expect(halves).toEqual([])
  }
})
