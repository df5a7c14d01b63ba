import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../core/ports/ports.ts'

/** What every object store keeps; `make` gives an empty one for each test. */
export function objectStoreContract(name: string, make: () => Promise<ObjectStore>): void {
  describe(`${name} as an object store`, () => {
    test('gives back the bytes of a key, in one part or many', async () => {
      const objects = await make()
      await objects.put('a/b=1/c.parquet', Buffer.from([0, 255]))
      await objects.put('empty', new Uint8Array())
      await objects.put('parts', [Buffer.from('one'), new Uint8Array(), Buffer.from('two')])
      expect([...(await objects.get('a/b=1/c.parquet'))]).toEqual([0, 255])
      expect(await objects.get('empty')).toHaveLength(0)
      expect((await objects.get('parts')).toString()).toBe('onetwo')
    })

    test('replaces an object as a whole: readers see the old one or the new one', async () => {
      const objects = await make()
      const contents = ['a', 'b', 'c', 'd'].map((letter, index) => letter.repeat(100_000 * (index + 1)))
      await objects.put('key', Buffer.from(contents[0] ?? ''))
      const seen: string[] = []
      const write = async () => {
        for (const content of contents) await objects.put('key', Buffer.from(content))
      }
      const read = async () => {
        for (let i = 0; i < 40; i += 1) seen.push((await objects.get('key')).toString())
      }
      await Promise.all([write(), read(), read()])
      expect(contents).toEqual(expect.arrayContaining([...new Set(seen)]))
      expect((await objects.get('key')).toString()).toBe(contents.at(-1))
    })

    test('keeps one of the objects that are put under one key at once, whole', async () => {
      const objects = await make()
      const contents = ['x', 'yy', 'zzz'].map((text) => text.repeat(50_000))
      await Promise.all(contents.map((content) => objects.put('k/key', Buffer.from(content))))
      expect(contents).toContain((await objects.get('k/key')).toString())
      expect(await objects.list('k/')).toEqual(['k/key'])
    })

    test('lists the keys of a prefix in byte order, and a prefix need not end in a slash', async () => {
      const objects = await make()
      const keys = ['b/2', 'b/10', 'b/1', 'a/x', 'b-/1', 'b/1/deep', 'B/1', 'b/_1'].filter(
        (key) => key !== 'b/1',
      )
      for (const key of keys) await objects.put(key, Buffer.from(key))
      expect(await objects.list('')).toEqual(keys.toSorted())
      expect(await objects.list('b/')).toEqual(['b/1/deep', 'b/10', 'b/2', 'b/_1'])
      expect(await objects.list('b/1')).toEqual(['b/1/deep', 'b/10'])
      expect(await objects.list('c/')).toEqual([])
    })

    test('lists no object that is still being written', async () => {
      const objects = await make()
      let isDone = false
      const writing = Promise.all(
        Array.from({ length: 20 }, (_, i) => objects.put(`p/${i}.gz`, Buffer.alloc(200_000))),
      ).then(() => {
        isDone = true
      })
      while (!isDone)
        for (const key of await objects.list('p/')) {
          expect(key).toMatch(/^p\/\d+\.gz$/)
          expect(await objects.get(key)).toHaveLength(200_000)
        }
      await writing
      expect(await objects.list('p/')).toHaveLength(20)
    })

    test('forgets a deleted key, and deleting it again is no error', async () => {
      const objects = await make()
      await objects.put('a/b', Buffer.from('x'))
      await objects.delete('a/b')
      await objects.delete('a/b')
      expect(await objects.list('')).toEqual([])
      await expect(objects.get('a/b')).rejects.toMatchObject({ code: 'objects/missing' })
    })

    test('refuses keys that are no keys, and those that would leave the store', async () => {
      const objects = await make()
      const bad = [
        '',
        '/',
        '/etc/passwd',
        '..',
        '../x',
        'a/../../x',
        'a/..',
        './a',
        'a//b',
        'a/',
        'a\0b',
        'a b',
        'é',
      ]
      for (const key of [...bad, 'a\\..\\b', `a/${'x'.repeat(1_024)}`]) {
        await expect(async () => objects.put(key, Buffer.from('x')), key).rejects.toThrow(RangeError)
        await expect(async () => objects.get(key), key).rejects.toThrow(RangeError)
        await expect(async () => objects.delete(key), key).rejects.toThrow(RangeError)
      }
      for (const prefix of ['../', '/etc/', 'a/../../'])
        await expect(async () => objects.list(prefix), prefix).rejects.toThrow(RangeError)
      expect(await objects.list('')).toEqual([])
    })
  })
}
