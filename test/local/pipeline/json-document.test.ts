import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { JsonDocument } from '../../../local/documents/json-document.ts'
import { checkJsonFile, readJsonFile } from '../../../local/documents/json-file.ts'
import { journalOf } from '../../../local/documents/json-journal.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const schema = z.object({ counts: z.record(z.string(), z.number()), list: z.array(z.string()) })
type Value = z.infer<typeof schema>

const start: Value = { counts: { a: 1 }, list: ['x'] }
const next = (value: Value, name: string, count: number): Value => ({
  ...value,
  counts: { ...value.counts, [name]: count },
})

async function stored(wholeBytes = 0) {
  const path = join(await tempFolder(), 'deep', 'doc.json')
  const document = new JsonDocument(path, wholeBytes)
  let value = start
  await document.write(value)
  return {
    path,
    document,
    read: () => readJsonFile(path, schema),
    names: () => readdir(join(path, '..')),
    count: async (name: string, count: number) => {
      value = next(value, name, count)
      await document.edit(value, [{ at: ['counts', name], value: count }])
      return value
    },
  }
}

describe('a document and its journal', () => {
  test('every change is read, by its writer and after it; the journal stays as small as the file', async () => {
    const at = await stored()
    for (let step = 0; step < 100; step += 1) {
      const value = await at.count(`t${step % 7}`, step)
      expect(await at.read()).toEqual(value)
    }
    await at.document.close()
    const [folder = ''] = (await at.names()).filter((name) => name !== 'doc.json')
    expect(Number(folder.replace('doc.json.journal-', ''))).toBeGreaterThan(3)
    const value = (await at.read()) ?? start
    const again = new JsonDocument(at.path, 0)
    const after = next(value, 'd', 4)
    await again.edit(after, [{ at: ['counts', 'd'], value: 4 }])
    expect(await at.read()).toEqual(after)
    await again.edit({ ...after, list: ['x', 'y'] }, [{ at: ['list', 1], value: 'y' }])
    expect(await at.read()).toEqual({ ...after, list: ['x', 'y'] })
    await again.close()
    expect(await at.names()).toHaveLength(2)
  })

  test('a small document is one file', async () => {
    const at = await stored(1_000)
    const value = await at.count('b', 2)
    expect(await at.names()).toEqual(['doc.json'])
    expect(await at.read()).toEqual(value)
    const large = { ...value, list: Array.from({ length: 200 }, String) }
    await at.document.write(large)
    expect(await at.read()).toEqual(large)
    expect(await at.names()).toHaveLength(2)
    await at.document.write(value)
    expect(await at.names()).toEqual(['doc.json'])
  })

  test('a reader beside sees one change after the other, never a mixture', async () => {
    const at = await stored()
    let isOver = false
    const writing = (async () => {
      for (let step = 1; step <= 150; step += 1) {
        await at.count('left', step)
        await at.count('right', step)
      }
      isOver = true
    })()
    let seen = 0
    while (!isOver) {
      const { left = 0, right = 0 } = (await at.read())?.counts ?? {}
      expect([left, left - 1]).toContain(right)
      expect(left).toBeGreaterThanOrEqual(seen)
      seen = left
    }
    await writing
    await at.document.close()
  })
})

describe('a document that was cut off', () => {
  test('before the file names its new journal, and before the old one is gone', async () => {
    const at = await stored()
    const value = await at.count('b', 2)
    await at.document.close()
    const [folder = ''] = (await at.names()).filter((name) => name !== 'doc.json')
    const old = join(at.path, '..', folder)
    const number = Number(folder.replace('doc.json.journal-', ''))
    await cp(old, journalOf(at.path, number + 1), { recursive: true })
    await cp(old, journalOf(at.path, number - 1), { recursive: true })
    expect(await at.read()).toEqual(value)
    const again = new JsonDocument(at.path, 0)
    const after = next(value, 'c', 3)
    await again.edit(after, [{ at: ['counts', 'c'], value: 3 }])
    await again.close()
    expect(await at.read()).toEqual(after)
    expect((await at.names()).toSorted()).toEqual(['doc.json', `doc.json.journal-${number + 2}`])
  })

  test('in the middle of a change, which was never acknowledged', async () => {
    const at = await stored()
    const value = await at.count('b', 2)
    await at.document.close()
    await appendFile(await logOf(at), 'the begin of')
    expect(await at.read()).toEqual(value)
  })
})

describe('a document whose journal is', () => {
  const spoilt: readonly (readonly [string, (log: string) => Promise<void>])[] = [
    ['gone', (log) => rm(join(log, '..'), { recursive: true })],
    ['emptied', (log) => writeFile(log, '')],
    [
      'altered',
      async (log) => {
        const bytes = await readFile(log)
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2)
        await writeFile(log, bytes)
      },
    ],
  ]
  test.each(spoilt)('%s is damaged', async (_, spoil) => {
    const at = await stored()
    await at.count('b', 2)
    await at.document.close()
    await spoil(await logOf(at))
    await expect(at.read()).rejects.toMatchObject({ code: 'run/damaged' })
    await expect(checkJsonFile(at.path)).rejects.toMatchObject({ code: 'run/damaged' })
  })
})

async function logOf(at: { path: string; names: () => Promise<string[]> }): Promise<string> {
  const [folder = ''] = (await at.names()).filter((name) => name !== 'doc.json')
  return join(at.path, '..', folder, '00000001.log')
}
