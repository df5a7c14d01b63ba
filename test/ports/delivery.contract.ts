import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Block, encodeBlockHeader } from '../../core/block.ts'
import type { Delivery, ObjectStore } from '../../core/ports/ports.ts'

export interface DeliveryUnderTest {
  readonly delivery: Delivery
  /** Where its objects land. */
  readonly objects: ObjectStore
}

/** What every delivery keeps. `make` gives one that closes an object at 1,000 bytes or after a few milliseconds. */
export function deliveryContract(name: string, make: () => Promise<DeliveryUnderTest>): void {
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

export function block(id: string, padding = 0): Block {
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

export async function landedText(objects: ObjectStore): Promise<string> {
  const texts: string[] = []
  for (const key of await objects.list('landing/changes/'))
    texts.push((await promisify(gunzip)(await objects.get(key))).toString())
  return texts.join('')
}
