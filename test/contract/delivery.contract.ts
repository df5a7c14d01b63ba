import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Block, encodeBlockHeader } from '../../core/block.ts'
import type { Delivery, ObjectStore } from '../../core/ports.ts'

export interface DeliveryUnderTest {
  readonly delivery: Delivery
  /** Where its objects land. */
  readonly objects: ObjectStore
}

/**
 * What every delivery keeps. `make` gives one that closes an object at 1,000 bytes or after a few milliseconds, on the
 * store that it is given.
 */
export function deliveryContract(
  name: string,
  make: (wrap?: (objects: ObjectStore) => ObjectStore) => Promise<DeliveryUnderTest>,
): void {
  describe(`${name} as a delivery`, () => {
    test('G1 has landed the blocks of a put when it resolves, whether time or size closed the object', async () => {
      const { delivery, objects } = await make()
      await delivery.put([block('small')])
      expect(await landedText(objects)).toBe(textOf(block('small')))
      await delivery.put([block('a', 400), block('b', 700)])
      expect(await landedText(objects)).toContain(textOf(block('a', 400), block('b', 700)))
    })

    test('G1 lands every block of puts that overlap, each block whole', async () => {
      const { delivery, objects } = await make()
      const blocks = Array.from({ length: 40 }, (_, i) => block(`b${i}`, (i % 5) * 200))
      await Promise.all(
        blocks.map(async (one) => {
          await delivery.put([one])
          expect(await landedText(objects)).toContain(textOf(one))
        }),
      )
      expect((await landedText(objects)).length).toBe(textOf(...blocks).length)
      expect((await objects.list('landing/')).length).toBeGreaterThan(1)
    })

    test('names objects by the hour of their delivery, so that landing knows their day', async () => {
      const { delivery, objects } = await make()
      await delivery.put([block('a')])
      for (const key of await objects.list('landing/'))
        expect(key).toMatch(/^landing\/changes\/\d{4}\/\d\d\/\d\d\/\d\d\/[A-Za-z0-9_-]+\.ndjson\.gz$/)
    })

    test('takes no blocks, and lands nothing for them', async () => {
      const { delivery, objects } = await make()
      await delivery.put([])
      expect(await objects.list('')).toEqual([])
    })

    test('rejects the puts whose object could not be stored, and goes on with the next', async () => {
      let failures = 1
      const { delivery, objects } = await make((inner) => ({
        put: (key, content) => (failures-- > 0 ? Promise.reject(new Error('disk')) : inner.put(key, content)),
        get: (key) => inner.get(key),
        list: (prefix) => inner.list(prefix),
        delete: (key) => inner.delete(key),
      }))
      const lost = [delivery.put([block('a', 600)]), delivery.put([block('b', 600)])]
      const kept = delivery.put([block('c', 2_000)])
      await expect(Promise.all(lost.map((one) => one.catch(String)))).resolves.toEqual([
        'Error: disk',
        'Error: disk',
      ])
      await kept
      await delivery.put([block('d')])
      const text = await landedText(objects)
      expect([...'abcd'].map((id) => text.includes(`["${id}`))).toEqual([false, false, true, true])
    })

    test('takes a block of the largest size', async () => {
      const { delivery, objects } = await make()
      const header = encodeBlockHeader({ table: 't.t', version: 1, columns: [] })
      const text = Buffer.alloc(Math.min(delivery.maxBlockBytes, 4 << 20), ' ')
      text.write(header)
      await delivery.put([{ table: 't.t', version: 1, rows: 0, text }])
      expect((await landedText(objects)).length).toBe(text.length)
    })
  })
}

function block(id: string, padding = 0): Block {
  const header = encodeBlockHeader({ table: 't.t', version: 1, columns: ['id'] })
  return {
    table: 't.t',
    version: 1,
    rows: 1,
    text: Buffer.from(`${header}["${id}${'.'.repeat(padding)}"]\n`),
  }
}

function textOf(...blocks: readonly Block[]): string {
  return blocks.map(({ text }) => text.toString()).join('')
}

async function landedText(objects: ObjectStore): Promise<string> {
  const texts: string[] = []
  for (const key of await objects.list('landing/changes/'))
    texts.push((await promisify(gunzip)(await objects.get(key))).toString())
  return texts.join('')
}
