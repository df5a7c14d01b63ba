import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_ROW_BYTES } from '../../../core/row-limit.ts'
import { RowChunks } from '../../../engine/postgres/copy/row-chunks.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { refusal } from './source-server.ts'

const plain = {
  fields: { columns: 1, keyColumns: [0] },
  oversize: () => Promise.reject(new Error('too large')),
}

interface Taken {
  readonly parts: readonly Buffer[]
  readonly mostBytes: number
  readonly longestRow: number
}

function contentOf(paths: readonly string[]): Promise<readonly Buffer[]> {
  return Promise.all(paths.map((path) => readFile(path)))
}

function open(folder: string, sizes: { chunkBytes: number; partBytes?: number }, taken: Taken[] = []) {
  let number = 0
  return new RowChunks({
    scratch: async () => join(folder, String(number++)),
    ...sizes,
    ...plain,
    take: async ({ paths, mostBytes, longestRow }) => {
      taken.push({ parts: await contentOf(paths), mostBytes, longestRow })
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

const anySizes = fc.record({
  chunkBytes: fc.integer({ min: 1, max: 300 }),
  partBytes: fc.integer({ min: 1, max: 300 }),
})

test('chunks are files of whole rows, all of them in order, and know their longest row and file', async () => {
  const folder = await tempFolder()
  await fc.assert(
    fc.asyncProperty(stream, anySizes, async ({ all, buffers }, sizes) => {
      const { chunkBytes, partBytes } = sizes
      const taken: Taken[] = []
      const chunks = open(folder, sizes, taken)
      for (const buffer of buffers) await chunks.write(buffer)
      await chunks.end()
      await chunks.close()
      expect(Buffer.concat(taken.flatMap(({ parts }) => parts))).toEqual(all)
      for (const { parts, mostBytes, longestRow } of taken) {
        const content = Buffer.concat(parts)
        for (const part of parts) expect(part.at(-1)).toBe(0x0a)
        expect(Math.max(...parts.map(({ length }) => length))).toBe(mostBytes)
        expect(mostBytes).toBeLessThan(partBytes + 140)
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
  const chunks = open(folder, { chunkBytes: 1_000 })
  await chunks.write(Buffer.from('one\ntw'))
  expect((await refusal(chunks.end())).code).toBe('source/protocol')
  await chunks.close()
  expect(await readdir(folder)).toEqual([])
})

/* Values of a row, the key in the middle; what COPY escapes is in them, and nulls. */
const value = fc.option(
  fc.string({ unit: fc.constantFrom('a', '\\', '\n', '\t', 'é', 'N', '\r'), maxLength: 30 }),
)
const values = fc.tuple(value, fc.string({ unit: fc.constantFrom('k', '\\', '\t'), maxLength: 6 }), value)
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' }

function copied(fields: readonly (string | null)[]): string {
  const texts = fields.map((text) => text?.replace(/[\\\n\t\r]/g, (found) => ESCAPES[found] ?? '') ?? '\\N')
  return `${texts.join('\t')}\n`
}

test('G9: exactly the rows whose values are larger than the limit are left out, each with its key and size', async () => {
  const folder = await tempFolder()
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 })
  const some = fc.integer({ min: 1, max: 300 })
  const sizes = { chunkBytes: some, partBytes: some, maxRowBytes: fc.integer({ min: 0, max: 60 }) }
  await fc.assert(
    fc.asyncProperty(
      fc.array(values, { maxLength: 30 }),
      cuts,
      fc.record(sizes),
      async (rows, every, limits) => {
        const sizeOf = (row: readonly (string | null)[]) => Buffer.byteLength(row.join(''))
        const [taken, over]: [Buffer[], [string, number][]] = [[], []]
        let number = 0
        const chunks = new RowChunks({
          ...limits,
          scratch: async () => join(folder, String(number++)),
          fields: { columns: 3, keyColumns: [1] },
          take: async ({ paths }) => {
            const parts = await contentOf(paths)
            expect(parts.every(({ length }) => length > 0)).toBe(true)
            taken.push(...parts)
          },
          oversize: async (row, bytes) => {
            over.push([row.toString(), bytes])
          },
        })
        const all = Buffer.from(rows.map((row) => copied(['x', ...row])).join(''))
        for (let at = 0, cut = 0; at < all.length; cut += 1) {
          const end = at + (every[cut % every.length] ?? 1)
          await chunks.write(Buffer.from(all.subarray(at, end)))
          at = end
        }
        await chunks.end()
        await chunks.close()
        const [fit, large] = [true, false].map((fits) =>
          rows.filter((row) => sizeOf(row) <= limits.maxRowBytes === fits),
        )
        expect(Buffer.concat(taken).toString()).toBe(fit?.map((row) => copied(['x', ...row])).join(''))
        expect(over).toEqual(large?.map((row) => [copied([null, row[1], null]), sizeOf(row)]))
        expect(await readdir(folder)).toEqual([])
      },
    ),
    { numRuns: 200 },
  )
})

test('G9: a row beyond the limit is in no chunk, however long it is, and takes no memory', async () => {
  const folder = await tempFolder()
  const over: number[] = []
  const taken: Buffer[] = []
  const chunks = new RowChunks({
    scratch: async () => join(folder, String(Math.random())),
    chunkBytes: 1_000,
    fields: { columns: 2, keyColumns: [0] },
    take: async ({ paths }) => {
      taken.push(...(await contentOf(paths)))
    },
    oversize: async (row, bytes) => {
      expect(row.toString()).toBe('2\t\\N\n')
      over.push(bytes)
    },
  })
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  await chunks.write(Buffer.from('x\t1\tsmall\nx\t2\t'))
  for (let count = 0; count < 40; count += 1) await chunks.write(megabyte)
  await chunks.write(Buffer.from('\nx\t3\tsmall\n'))
  await chunks.end()
  await chunks.close()
  expect(over).toEqual([40 * megabyte.length + 1])
  expect(40 * megabyte.length).toBeGreaterThan(MAX_ROW_BYTES)
  expect(Buffer.concat(taken).toString()).toBe('x\t1\tsmall\nx\t3\tsmall\n')
  expect(await readdir(folder)).toEqual([])
})

test('what the taker throws ends the next call', async () => {
  const folder = await tempFolder()
  const chunks = new RowChunks({
    scratch: async () => join(folder, String(Math.random())),
    chunkBytes: 1,
    ...plain,
    take: () => Promise.reject(new Error('full')),
  })
  await chunks.write(Buffer.from('one\n'))
  await expect(chunks.write(Buffer.from('two\n'))).rejects.toThrow('full')
  await chunks.close()
  expect(await readdir(folder)).toEqual([])
})

test('a chunk of rows that the engine would hold all at once ends at 16 MiB', async () => {
  const folder = await tempFolder()
  const row = Buffer.from(`${'x'.repeat(300_000)}\n`)
  const sizes = async (rows: readonly Buffer[]) => {
    const taken: Taken[] = []
    const chunks = open(folder, { chunkBytes: 64 << 20 }, taken)
    for (const bytes of rows) await chunks.write(bytes)
    await chunks.end()
    return taken.map(({ parts }) => Buffer.concat(parts).length)
  }
  const fat = await sizes(Array.from({ length: 120 }, () => row))
  expect(fat).toHaveLength(3)
  expect(Math.max(...fat)).toBeLessThan((16 << 20) + row.length)
  const small = Buffer.from('0123456789abcde\n'.repeat(4_096))
  expect(await sizes(Array.from({ length: 500 }, () => small))).toEqual([500 * small.length])
})
