import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CatalogObject, planCatalog } from '../../glue/catalog-plan.ts'
import { planText } from '../../glue/plan-text.ts'
import { isReadableAs } from '../../glue/readable-type.ts'

function history(name: string, columns: Readonly<Record<string, string>>, location = `s3://b/${name}/`) {
  const list = Object.entries(columns).map(([column, type]) => ({ name: column, type, comment: '' }))
  return { kind: 'table', database: 'w', name, columns: list, facts: { location } } as const
}

const database: CatalogObject = { kind: 'database', database: 'w', name: '', columns: [], facts: {} }
const same = (now: CatalogObject) => ({ now, last: now })

test('a plan prints each object with its sign, class, columns and advice', () => {
  const desired = [
    database,
    history('new_v1_history', { id: 'bigint' }),
    history('wider_v1_history', { id: 'bigint', added: 'string' }),
    history('broken_v1_history', { id: 'string' }),
    history('edited_v1_history', { id: 'int' }),
    history('taken_v1_history', { id: 'int' }),
    history('moved_v1_history', { id: 'int' }),
  ]
  const found = [
    same(history('wider_v1_history', { id: 'int' })),
    same(history('broken_v1_history', { id: 'int', gone: 'date' })),
    {
      now: history('edited_v1_history', { id: 'int', by_hand: 'string' }),
      last: history('edited_v1_history', { id: 'int' }),
    },
    { now: history('taken_v1_history', { id: 'date' }), last: null },
    same(history('moved_v1_history', { id: 'int' }, 's3://other/')),
    same(history('old_v1_history', { id: 'int' })),
  ]
  expect(planText(planCatalog(desired, found))).toMatchInlineSnapshot(`
    "+ database w (additive)

    + table w.new_v1_history (additive)
        + id bigint

    ~ table w.wider_v1_history (additive)
        ~ id int -> bigint
        + added string

    ~ table w.broken_v1_history (breaking)
        ~ id int -> string
        - gone date
        Athena cannot read files already written so, or readers lose something. Release a new version of the contract.

    ~ table w.edited_v1_history (drift)
        - by_hand string
        Changed by hand since it was applied; applying puts it back. To keep it, write it into the contract.

    ~ table w.taken_v1_history (breaking)
        ~ id date -> int
        Tidemark did not make this; it would be replaced. Rename it, or choose another prefix.

    ~ table w.moved_v1_history (breaking)
        ~ location
        Is --root right? The table would be read from another place.

    - table w.old_v1_history (breaking)
        - id int
        No contract has this version any more; its floors, revisions and base are forgotten, its files stay.

    Plan: 2 to create, 5 to change, 1 to delete."
  `)
})

const type = fc.constantFrom('smallint', 'int', 'bigint', 'string', 'decimal(9,2)')
const columns = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), type)
const catalog = fc
  .dictionary(fc.constantFrom('x', 'y', 'z'), columns)
  .map((tables) => [database, ...Object.entries(tables).map(([name, some]) => history(name, some))])

describe('laws', () => {
  test('a catalog that is as desired has an empty plan', () => {
    fc.assert(
      fc.property(catalog, (desired) => {
        expect(planCatalog(desired, desired.map(same))).toEqual([])
      }),
    )
  })

  test('a plan touches exactly the objects that differ', () => {
    fc.assert(
      fc.property(catalog, catalog, (desired, before) => {
        const text = (objects: readonly CatalogObject[]) =>
          new Map(objects.map((one) => [one.name, JSON.stringify(one)]))
        const [left, right] = [text(before), text(desired)]
        const differing = [...new Set([...left.keys(), ...right.keys()])].filter(
          (name) => left.get(name) !== right.get(name),
        )
        const planned = planCatalog(desired, before.map(same)).map(({ name }) => name)
        expect(planned.toSorted()).toEqual(differing.toSorted())
      }),
    )
  })

  test('what is put back after a change by hand is drift, never additive', () => {
    fc.assert(
      fc.property(columns, columns, (intended, edited) => {
        const [last, now] = [history('x', intended), history('x', edited)]
        const classes = planCatalog([last], [{ now, last }]).map((change) => change.class)
        expect(classes).toEqual(JSON.stringify(now) === JSON.stringify(last) ? [] : ['drift'])
      }),
    )
  })

  test('a column of a contract that is taken away or made unreadable breaks', () => {
    fc.assert(
      fc.property(columns, columns, (before, after) => {
        const broken = Object.entries(before).some(
          ([name, old]) => after[name] === undefined || !isReadableAs(old, after[name]),
        )
        const changes = planCatalog([history('x', after)], [same(history('x', before))])
        expect(changes.some((change) => change.class === 'breaking')).toBe(broken)
      }),
    )
  })
})

test.each([
  ['int', 'bigint', true],
  ['smallint', 'int', true],
  ['float', 'double', true],
  ['bigint', 'int', false],
  ['int', 'string', false],
  ['double', 'decimal(9,2)', false],
  ['decimal(9,2)', 'decimal(12,2)', false],
  ['timestamp', 'string', false],
])('files of %s are read as %s: %s', (before, after, isReadable) => {
  expect(isReadableAs(before, after)).toBe(isReadable)
})
