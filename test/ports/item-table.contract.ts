import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Item,
  type ItemChange,
  type ItemCondition,
  type ItemKey,
  type ItemRange,
  type ItemTable,
  type ItemWrite,
  put,
  remove,
} from '../../core/ports/item-table.ts'
import { ItemModel } from './item-model.ts'

export interface ItemTableUnderTest {
  readonly table: ItemTable
  /** What `write` has fed so far, in order. */
  fed(): Promise<readonly Item[]>
  /** Another instance on what the first one left, which is not closed. */
  reopen(): Promise<ItemTableUnderTest>
}

/** What every table of items keeps; `make` gives an empty one for each test, `runs` says how many laws it bears. */
export function itemTableContract(name: string, make: () => Promise<ItemTableUnderTest>, runs: number): void {
  describe(`${name} as a table of items`, () => {
    test('G1 keeps every kind of value whole, across a restart', async () => {
      const { table, reopen } = await make()
      const item = {
        pk: 'p',
        sk: 's',
        text: 'é\u0000\n"',
        more: '\u{1F600}',
        count: Number.MAX_SAFE_INTEGER,
        less: -1,
        content: Uint8Array.of(0, 255, 10, 0),
      }
      await table.write([put(item), put({ pk: 'p', sk: 't' })])
      const again = (await reopen()).table
      for (const one of [table, again]) {
        expect(plain(await one.get({ pk: 'p', sk: 's' }))).toEqual(plain(item))
        expect(await one.get({ pk: 'p', sk: 't' })).toEqual({ pk: 'p', sk: 't' })
        expect(await one.get({ pk: 'p', sk: 'u' })).toBeUndefined()
      }
    })

    test('a law: whatever is written, in whatever calls, is there as in a sorted map', async () => {
      const { table } = await make()
      let place = 0
      const law = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        /* A partition of its own for each run. */
        place += 1
        const scope = `${place}.`
        const model = new ItemModel()
        for (const one of steps) await follow(one, { table, model, scope })
        for (const pk of PARTITIONS) await compareRange({ pk, range: {} }, { table, model, scope })
      })
      await fc.assert(law, { numRuns: runs })
    })

    test('sort keys are in the byte order of UTF-8, and a range has both its ends', async () => {
      const { table } = await make()
      const keys = ['a', 'a#1', 'a#2', 'a$', 'b', 'é', '\uFFFD', '\u{1F600}']
      await table.write(keys.toReversed().map((sk) => put({ pk: 'p', sk })))
      const keysOf = async (range?: ItemRange) => (await all(table, 'p', range)).map(({ sk }) => sk)
      expect(await keysOf()).toEqual(keys)
      expect(await keysOf({ order: 'down', atOnce: 1 })).toEqual(keys.toReversed())
      expect(await keysOf({ from: 'a#1', to: 'b' })).toEqual(['a#1', 'a#2', 'a$', 'b'])
      expect(await keysOf({ prefix: 'a#' })).toEqual(['a#1', 'a#2'])
      expect(await keysOf({ prefix: 'a#', order: 'down' })).toEqual(['a#2', 'a#1'])
      expect(await keysOf({ from: 'b', to: 'a' })).toEqual([])
      expect(await all(table, 'q')).toEqual([])
    })

    test('a range is as long as its items, whatever they hold', async () => {
      const { table } = await make()
      const content = Buffer.alloc(300_000, 7)
      const keys = Array.from({ length: 9 }, (_, index) => `s${index}`)
      for (const sk of keys) await table.write([put({ pk: 'p', sk, content })])
      expect((await all(table, 'p')).map(({ sk }) => sk)).toEqual(keys)
    })

    test('G3 of calls at once that need the item to be absent, one holds', async () => {
      const { table } = await make()
      const tried = Array.from({ length: 8 }, (_, who) =>
        table.putIf({ pk: 'p', sk: 's', who }, [{ kind: 'absent' }]),
      )
      const held = await Promise.all(tried)
      expect(held.filter((one) => one)).toHaveLength(1)
      expect((await table.get({ pk: 'p', sk: 's' }))?.['who']).toBe(held.indexOf(true))
    })

    test('calls at once are all done, each in its order', async () => {
      const { table } = await make()
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          table.write([put({ pk: 'p', sk: `s${index}`, at: 1 }), put({ pk: 'p', sk: `s${index}`, at: 2 })]),
        ),
      )
      await table.writeSpread(Array.from({ length: 60 }, (_, index) => put({ pk: 'q', sk: `s${index}` })))
      expect((await all(table, 'p')).map(({ at }) => at)).toEqual(Array.from({ length: 20 }, () => 2))
      expect(await all(table, 'q')).toHaveLength(60)
      await table.write([])
      await table.writeSpread([])
    })

    test('G3 feeds what changed, in that order, and nothing where nothing changed', async () => {
      const { table, fed, reopen } = await make()
      const [one, two, three] = ['c', 'a', 'b'].map((sk) => ({ pk: 'p', sk, at: 1 }))
      if (one === undefined || two === undefined || three === undefined) throw new Error('no items')
      for (const item of [one, two, one, three, two]) await table.write([put(item)])
      expect(await fed()).toEqual([one, two, three])
      await table.write([put({ ...three, at: 2 }), remove('p', 'a')])
      const again = await reopen()
      await again.table.write([put(one)])
      expect((await again.fed()).at(-1)).toEqual({ ...three, at: 2 })
      expect((await again.fed()).filter(({ sk }) => sk === 'c')).toEqual([one])
    })
  })
}

export async function all(table: ItemTable, pk: string, range?: ItemRange): Promise<readonly Item[]> {
  const items: Item[] = []
  for await (const item of table.range(pk, range)) items.push(item)
  return items
}

type Step =
  | { readonly kind: 'write' | 'spread'; readonly writes: readonly ItemWrite[] }
  | { readonly kind: 'putIf'; readonly item: Item; readonly conditions: readonly ItemCondition[] }
  | {
      readonly kind: 'changeIf'
      readonly key: ItemKey
      readonly change: ItemChange
      readonly conditions: readonly ItemCondition[]
    }
  | { readonly kind: 'deleteIf'; readonly key: ItemKey; readonly conditions: readonly ItemCondition[] }
  | { readonly kind: 'range'; readonly pk: string; readonly range: ItemRange }

const PARTITIONS = ['p', 'q']
const text = fc.string({ unit: fc.constantFrom('a', 'b', '#', 'é', '\u{1F600}'), minLength: 1, maxLength: 2 })
const key = fc.record({ pk: fc.constantFrom(...PARTITIONS), sk: text })
const count = fc.integer({ min: -2, max: 2 })
const item: fc.Arbitrary<Item> = fc
  .tuple(
    key,
    fc.record({ count, text, content: fc.uint8Array({ minLength: 1, maxLength: 3 }) }, { requiredKeys: [] }),
  )
  .map(([at, values]) => ({ ...at, ...values }))
const condition = fc.oneof(
  fc.constant<ItemCondition>({ kind: 'absent' }),
  count.map((value): ItemCondition => ({ kind: 'equal', name: 'count', value })),
  text.map((value): ItemCondition => ({ kind: 'equal', name: 'text', value })),
  count.map((value): ItemCondition => ({ kind: 'below', name: 'count', value })),
)
const conditions = fc.array(condition, { minLength: 1, maxLength: 2 })
const write = fc.oneof(
  item.map(put),
  key.map(({ pk, sk }) => remove(pk, sk)),
)
const change = fc.record({
  set: fc.record({ count }),
  remove: fc.subarray(['text', 'content']),
})
const order = fc.constantFrom('up', 'down')
const between = fc.record(
  {
    from: text,
    to: text,
    order,
    atOnce: fc.constantFrom(1, 3),
    having: text.map((atLeast) => ({ name: 'text', atLeast })),
  },
  { requiredKeys: [] },
)
const prefixed = fc.record({ prefix: text, order }, { requiredKeys: ['prefix'] })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('write', 'spread'), writes: fc.array(write, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('putIf'), item, conditions }),
  fc.record({ kind: fc.constant('changeIf'), key, change, conditions }),
  fc.record({ kind: fc.constant('deleteIf'), key, conditions }),
  fc.record({
    kind: fc.constant('range'),
    pk: fc.constantFrom(...PARTITIONS),
    range: fc.oneof(between, prefixed),
  }),
)

interface Sides {
  readonly table: ItemTable
  readonly model: ItemModel
  readonly scope: string
}

async function follow(one: Step, { table, model, scope }: Sides): Promise<void> {
  const scoped = <K extends ItemKey>(of: K): K => ({ ...of, pk: `${scope}${of.pk}` })
  switch (one.kind) {
    case 'write':
    case 'spread': {
      const writes = one.writes.map((each) =>
        each.kind === 'put' ? put(scoped(each.item)) : { ...each, key: scoped(each.key) },
      )
      await (one.kind === 'write' ? table.write(writes) : table.writeSpread(writes))
      return model.write(writes)
    }
    case 'putIf':
      expect(await table.putIf(scoped(one.item), one.conditions)).toBe(
        model.putIf(scoped(one.item), one.conditions),
      )
      return
    case 'changeIf':
      expect(await table.changeIf(scoped(one.key), one.change, one.conditions)).toBe(
        model.changeIf(scoped(one.key), one.change, one.conditions),
      )
      return
    case 'deleteIf':
      expect(await table.deleteIf(scoped(one.key), one.conditions)).toBe(
        model.deleteIf(scoped(one.key), one.conditions),
      )
      return
    case 'range':
      return compareRange(one, { table, model, scope })
  }
}

async function compareRange(
  { pk, range }: { readonly pk: string; readonly range: ItemRange },
  { table, model, scope }: Sides,
): Promise<void> {
  const found = await all(table, `${scope}${pk}`, range)
  expect(found.map(plain)).toEqual(model.range(`${scope}${pk}`, range).map(plain))
}

/* Bytes compare by what they are, a Buffer or not. */
function plain(one: Item | undefined) {
  if (one === undefined) return undefined
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : value,
    ]),
  )
}
