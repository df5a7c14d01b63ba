import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodePages, type Page } from '../../core/page.ts'
import type { Item, ItemShape } from '../../core/ports/item-table.ts'
import { modelledItems, rawItemsOf } from '../../cost/raw-item.ts'
import { writeUnits } from '../../cost/units.ts'
import { digestOf, partsOf } from '../../state/item-parts.ts'
import { expiryOf, pageItem, partsName } from '../../state/raw-store/page-item.ts'

/* As DynamoDB wants items cut; a test of the table holds them together. */
const shape: ItemShape = { inlineBytes: 350 << 10, spread: 16, callsAtOnce: 8, isVerified: false }

/* Names and values as the developer guide counts them: text in UTF-8, numbers at half a byte a digit and one. */
function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => {
    const digits = typeof value === 'number' ? Math.ceil(String(value).length / 2) + 1 : 0
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : digits
    return sum + Buffer.byteLength(name) + (value instanceof Uint8Array ? value.length : bytes)
  }, 0)
}

async function pageOf(table: string, rowBytes: number): Promise<Page> {
  const position = (index: number) => `0001-${'0'.repeat(12)}00ff-${String(index).padStart(10, '0')}`
  const changes = [1, 2, 3].map((index) => ({
    operation: 'insert' as const,
    position: position(index),
    committedAt: '2026-11-28T10:00:00.000000Z',
    members: Buffer.from(`"data":{"id":${index},"text":"${'x'.repeat(rowBytes)}"}`),
  }))
  const origin = { shard: 'shardId-000000000003', sequence: '4'.repeat(56) }
  const [page] = await encodePages(table, origin, changes)
  if (page === undefined) throw new Error('no page')
  return page
}

describe('a page in DynamoDB', () => {
  test.each([
    ['workforce.shifts', 100],
    ['a.b', 20_000],
    ['workforce.employment_contracts', 5_000],
  ])('has the bytes of the item that it becomes, but for a few: %s', async (table, rowBytes) => {
    const page = await pageOf(table, rowBytes)
    const { items, bytes, units } = rawItemsOf(page.table, page.key, page.content.length)
    const real = sizeOf(pageItem(page, shape, 30))
    expect(items).toBe(1)
    expect(Math.abs(bytes - real)).toBeLessThan(24)
    expect(units).toBe(writeUnits(bytes))
  })

  test('that does not fit into an item has the parts that it becomes', async () => {
    const page = await pageOf('workforce.shifts', 10)
    const large = { ...page, content: Buffer.concat([page.content, Buffer.alloc(900 << 10)]) }
    const { items, bytes, units } = rawItemsOf(large.table, large.key, large.content.length)
    const name = partsName(large.key, digestOf(large.content))
    const parts = partsOf(name, large.content, { shape, more: { ...expiryOf(page, 30) } }).flatMap((write) =>
      write.kind === 'put' ? [write.item] : [],
    )
    const real = parts.reduce((sum, item) => sum + sizeOf(item), 0)
    const head = bytes - real
    expect(items).toBe(1 + parts.length)
    expect(head).toBeGreaterThan(200)
    expect(head).toBeLessThan(400)
    expect(units).toBe(parts.reduce((sum, item) => sum + writeUnits(sizeOf(item)), writeUnits(head)))
  })

  test('costs no less when it is larger', () => {
    fc.assert(
      fc.property(fc.nat(2 << 20), fc.nat(1 << 18), (bytes, more) => {
        const [small, large] = [modelledItems(bytes), modelledItems(bytes + more)]
        expect(large.units).toBeGreaterThanOrEqual(small.units)
        expect(large.items).toBeGreaterThanOrEqual(small.items)
      }),
    )
  })
})
