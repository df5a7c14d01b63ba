import { expect, test } from 'vitest'
import { type Retired, retiredHits } from '../../../core/contract/evolution/retired.ts'
import { tableShape } from '../../../core/contract/evolution/shape.ts'
import { col } from '../../../core/contract/language/column.ts'
import { ordersWith } from './any-shape.ts'

const on = '2026-03-01'
const retired: Retired = {
  columns: [{ table: 'sales.orders', column: 'total', type: 'double', on, reason: 'replaced' }],
  versions: [{ table: 'sales.orders', version: 2, on, reason: 'replaced' }],
}
const hits = (table: Parameters<typeof tableShape>[0]) =>
  retiredHits(tableShape(table), retired).map(({ rule }) => rule)

test('a retired column may come back with its old type only', () => {
  expect(hits(ordersWith({ total: col.double('Total') }))).toEqual([])
  expect(hits(ordersWith({ total: col.decimal(12, 2, 'Total') }))).toEqual(['F202'])
})

test('a name is retired in its own table', () => {
  expect(hits(ordersWith({ total: col.decimal(12, 2, 'Total') }, { name: 'sales.carts' }))).toEqual([])
})

test('a retired version number is not used again', () => {
  expect(hits(ordersWith({}, { version: 2 }))).toEqual(['F203'])
})
