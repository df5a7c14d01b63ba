import { describe, expect, test } from 'vitest'
import { encodePages, type Page, type RawChange } from '../../core/page.ts'
import type { PositionRange, RawStore } from '../../core/ports/ports.ts'
import { loadPosition, nextStep, type Position } from '../../core/position.ts'

/** A store under test and what the port does not say: how to stop it abruptly, and what feeds format. */
export interface RawStoreUnderTest {
  readonly store: RawStore
  /** Another instance on what the first one left, which is not closed. */
  reopen(): Promise<RawStoreUnderTest>
  /** Keys of the pages that format is given, in order. */
  feed(): Promise<readonly string[]>
}

/** What every raw store keeps; `make` gives an empty one for each test. */
export function rawStoreContract(name: string, make: () => Promise<RawStoreUnderTest>): void {
  describe(`${name} as a raw store`, () => {
    test('G1 keeps a page, byte for byte, across a restart', async () => {
      const { store, reopen } = await make()
      const pages = [await page('a.t', 1), await page('a.u', 1)]
      await store.put(pages)
      const again = await reopen()
      expect(await listed(again.store, 'a.t')).toEqual([pages[0]])
      expect(await listed(again.store, 'a.u')).toEqual([pages[1]])
      expect(await listed(again.store, 'a.v')).toEqual([])
    })

    test('G3 feeds a page once, however often and in whatever calls it is put', async () => {
      const { store, feed, reopen } = await make()
      const one = await page('a.t', 1)
      const two = await page('a.t', 2)
      await store.put([one])
      await store.put([one, two, two])
      await Promise.all([store.put([one]), store.put([two]), store.put([await page('a.t', 3)])])
      expect((await feed()).toSorted()).toEqual([one.key, two.key, (await page('a.t', 3)).key].toSorted())
      const again = await reopen()
      await again.store.put([two])
      expect(await again.feed()).toHaveLength(3)
    })

    test('feeds pages that were put one after the other in that order', async () => {
      const { store, feed } = await make()
      const pages = await Promise.all([3, 1, 2].map((at) => page('a.t', at)))
      for (const one of pages) await store.put([one])
      expect(await feed()).toEqual(pages.map(({ key }) => key))
    })

    test('lists the pages of a table in position order, whatever the order they came in', async () => {
      const { store } = await make()
      const pages = await Promise.all([1, 2, 3, 4].map((at) => page('a.t', at)))
      await store.put(pages.toReversed())
      await store.put([await page('a.other', 2)])
      expect(await listed(store, 'a.t')).toEqual(pages)
    })

    test('lists every page that touches a range, both ends included', async () => {
      const { store } = await make()
      const pages = await Promise.all([1, 2, 3].map((at) => page('a.t', at, 3)))
      await store.put(pages)
      const keysOf = async (from?: Position, to?: Position) => {
        const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
        return (await listed(store, 'a.t', range)).map(({ key }) => pages.findIndex((one) => one.key === key))
      }
      const [, middle] = pages
      expect(await keysOf(middle?.firstPosition, middle?.lastPosition)).toEqual([1])
      expect(await keysOf(middle?.lastPosition)).toEqual([1, 2])
      expect(await keysOf(undefined, middle?.firstPosition)).toEqual([0, 1])
      expect(await keysOf(undefined, loadPosition(1, 0n))).toEqual([])
    })

    test('gives the pages behind each one, in the order of their keys and of a range', async () => {
      const { store } = await make()
      const made = await Promise.all([1, 2, 3, 4].map((at) => page('a.t', at, 3)))
      const [one, two, three, four] = made
      if (one === undefined || two === undefined || three === undefined || four === undefined)
        throw new Error('four pages')
      await store.put([...made.toReversed(), await page('a.other', 2)])
      const keys = made.map(({ key }) => key)
      for (const at of [-1, 0, 1, 2, 3])
        expect(await behind(store, keys[at] ?? null)).toEqual(keys.slice(at + 1))
      const range = { from: two.lastPosition, to: three.firstPosition }
      expect(await behind(store, null, range)).toEqual([two.key, three.key])
      expect(await behind(store, two.key, range)).toEqual([three.key])
      expect(await behind(store, four.key, range)).toEqual([])
    })

    test('takes nothing at all', async () => {
      const { store, feed } = await make()
      await store.put([])
      expect(await feed()).toEqual([])
    })
  })
}

async function behind(
  store: RawStore,
  key: string | null,
  range?: PositionRange,
): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key: found } of store.behind('a.t', key, range)) keys.push(found)
  return keys
}

export async function listed(
  store: RawStore,
  table: string,
  range?: { readonly from?: Position; readonly to?: Position },
): Promise<readonly Page[]> {
  const pages: Page[] = []
  for await (const one of store.list(table, range)) pages.push(one)
  return pages
}

/** A page of changes of one transaction. */
export async function page(table: string, transaction: number, count = 1): Promise<Page> {
  const start = loadPosition(1, BigInt(transaction) * 256n)
  const changes = Array.from({ length: count }, (_, index): RawChange => {
    const position = index === 0 ? nextStep(start) : `${start.slice(0, -2)}${index}0`
    const members = Buffer.from(`"data":{"id":${transaction},"text":"é\\n${index}"}`)
    return { operation: 'insert', position, committedAt: '2024-01-01T00:00:00.000000Z', members }
  })
  const [made] = await encodePages(table, { shard: 's', sequence: String(transaction) }, changes)
  if (made === undefined) throw new Error('no page')
  return made
}
