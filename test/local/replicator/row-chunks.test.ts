import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_ROW_BYTES, RowChunks } from '../../../local/replicator/row-chunks.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { refusal } from './source-server.ts'

function open(folder: string, chunkBytes: number, taken: { content: Buffer; longestRow: number }[] = []) {
  let number = 0
  return new RowChunks({
    scratch: async () => join(folder, String(number++)),
    chunkBytes,
    table: 'public.t',
    take: async ({ path, longestRow }) => {
      taken.push({ content: await readFile(path), longestRow })
    },
  })
}

/* Rows of up to 40 bytes, cut anywhere into buffers. */
const stream = fc
  .tuple(
    fc.array(fc.nat({ max: 40 }), { maxLength: 60 }),
    fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
  )
  .map(([rows, cuts]) => {
    const all = Buffer.from(rows.map((length, index) => `${String(index % 10).repeat(length)}\n`).join(''))
    const buffers: Buffer[] = []
    for (let at = 0, cut = 0; at < all.length; cut += 1) {
      const end = at + (cuts[cut % cuts.length] ?? 1)
      buffers.push(all.subarray(at, end))
      at = end
    }
    return { all, buffers }
  })

test('chunks are whole rows, all of them in order, and know their longest row', async () => {
  const folder = await tempFolder()
  await fc.assert(
    fc.asyncProperty(stream, fc.integer({ min: 1, max: 300 }), async ({ all, buffers }, chunkBytes) => {
      const taken: { content: Buffer; longestRow: number }[] = []
      const chunks = open(folder, chunkBytes, taken)
      for (const buffer of buffers) await chunks.write(buffer)
      await chunks.end()
      await chunks.close()
      expect(Buffer.concat(taken.map(({ content }) => content))).toEqual(all)
      for (const { content, longestRow } of taken) {
        expect(content.at(-1)).toBe(0x0a)
        expect(content.length).toBeLessThan(chunkBytes + 140)
        const rows = content.toString().split('\n').slice(0, -1)
        expect(Math.max(...rows.map((row) => row.length + 1))).toBeLessThanOrEqual(longestRow)
      }
      expect(await readdir(folder)).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('data that stop inside a row are refused, and leave no file', async () => {
  const folder = await tempFolder()
  const chunks = open(folder, 1_000)
  await chunks.write(Buffer.from('one\ntw'))
  expect((await refusal(chunks.end())).code).toBe('source/protocol')
  await chunks.close()
  expect(await readdir(folder)).toEqual([])
})

test('a row that no engine could read is refused before it is whole', async () => {
  const folder = await tempFolder()
  const chunks = open(folder, 1_000)
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  const write = async () => {
    for (let bytes = 0; bytes < MAX_ROW_BYTES + 2 * megabyte.length; bytes += megabyte.length)
      await chunks.write(megabyte)
  }
  expect((await refusal(write())).code).toBe('capture/page-too-large')
  await chunks.close()
  expect(await readdir(folder)).toEqual([])
})

test('what the taker throws ends the next call', async () => {
  const folder = await tempFolder()
  const chunks = new RowChunks({
    scratch: async () => join(folder, String(Math.random())),
    chunkBytes: 1,
    table: 'public.t',
    take: () => Promise.reject(new Error('full')),
  })
  await chunks.write(Buffer.from('one\n'))
  await expect(chunks.write(Buffer.from('two\n'))).rejects.toThrow('full')
  await chunks.close()
  expect(await readdir(folder)).toEqual([])
})
