import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change } from '../../core/change.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { formatPosition } from '../../core/position.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { runs } from '../support/budget.ts'
import { maskKey, people } from './people-table.ts'

/* Recognisable wherever they turn up: nothing else in a row or a message is made of these letters. */
const anySecret = fc.oneof(
  fc.stringMatching(/^QZX[a-z0-9]{3,12}$/),
  fc.stringMatching(/^QZX[a-z]{2,6}@lovelace\.example$/),
  fc.stringMatching(/^QZX[a-z "\\{},😀]{2,10}$/u),
)

const personal = Object.entries(people.columns).flatMap(([name, { pii }]) =>
  pii === undefined ? [] : [name],
)

const anyPersonalRow = fc.record({ email: anySecret, phone: anySecret, name: anySecret, nir: anySecret })
const good = { id: 1, shop: 'paris-1', pay: '10.00' }

function change(operation: Change['operation'], data: Change['data'], before?: Change['data']): Change {
  const position = formatPosition({ epoch: 0, lsn: 9n, ordinal: 1, step: 0 })
  return { table: 'public.people', operation, position, committedAt: null, data, before }
}

/* Of a text and of what a mask may show of it. */
function holdsSecret(text: string): boolean {
  return /QZX|qzx/.test(text)
}

test('the contract under test has personal columns of each treatment', () => {
  expect(personal).toEqual(['email', 'phone', 'name', 'nir'])
})

test('G7: no clear personal value is anywhere in a lake row', () => {
  const codec = rowCodec(people, maskKey)
  fc.assert(
    fc.property(
      anyPersonalRow,
      fc.constantFrom('load', 'insert', 'update', 'delete'),
      (secrets, operation) => {
        const formatted = codec.format(
          change(operation, { ...good, ...secrets }, { ...secrets, id: 2, shop: 'rome' }),
        )
        expect(formatted.kind).toBe('rows')
        expect(holdsSecret(JSON.stringify(formatted))).toBe(false)
      },
    ),
    { numRuns: runs(300) },
  )
})

test('G7: no value at all is in the reasons of a refusal', () => {
  const refusing: Table = { ...people, unknownFields: 'quarantine' }
  const codec = rowCodec(refusing, maskKey)
  const anyBadValue = fc.oneof(
    anySecret,
    fc.array(anySecret, { minLength: 1, maxLength: 3 }),
    fc.record({ inner: anySecret }),
    anySecret.map((secret) => `{ok,${secret}`),
    anySecret.map((secret) => `${secret}\ud83d`),
  )
  const names = Object.values(people.columns).map(
    ({ from }, index) => from ?? Object.keys(people.columns)[index] ?? '',
  )
  const anyBadRow = fc.dictionary(fc.constantFrom(...names, 'unknown'), anyBadValue, { minKeys: 1 })
  fc.assert(
    fc.property(anyBadRow, fc.constantFrom('load', 'insert', 'update', 'delete'), (row, operation) => {
      const formatted = codec.format(change(operation, row))
      if (formatted.kind === 'refused') expect(holdsSecret(JSON.stringify(formatted.reasons))).toBe(false)
      expect(formatted.kind).toBe('refused')
    }),
    { numRuns: runs(300) },
  )
})
