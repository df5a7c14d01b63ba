import fc from 'fast-check'
import { type TableShape, tableShape } from '../../../core/contract/evolution/shape.ts'
import { col } from '../../../core/contract/language/column.ts'
import type { Columns, Table } from '../../../core/contract/language/table.ts'

/** A small contract with these columns, its key first. */
export function ordersWith(columns: Columns, rest: Partial<Table> = {}): Table {
  return {
    name: 'sales.orders',
    version: 1,
    owner: 'sales@tidemark.example',
    description: 'Orders, one row each',
    source: { system: 'shop-postgres', table: 'public.orders' },
    primaryKey: ['order_id'],
    partitionBy: {},
    unknownFields: 'keep',
    columns: { order_id: col.bigint('Number of the order'), ...columns },
    ...rest,
  }
}

const anyColumn = fc
  .tuple(
    fc.constantFrom(
      col.integer('Number', { min: 1 }),
      col.decimal(12, 2, 'Money'),
      col.varchar(8, 'Text'),
      col.enum(['a', 'b'], 'State'),
      col.timestampMicros('Instant'),
      col.list({ kind: 'string' }, 'Labels'),
      col.string('Person', { pii: 'name' }),
      col.string('Left out', { pii: 'name', treatment: 'drop' }),
    ),
    fc.boolean(),
  )
  .map(([column, nullable]) => ({ ...column, nullable }))

/** Any contract of the columns a to f, each of any of several types. */
export const anyShape: fc.Arbitrary<TableShape> = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), anyColumn), {
    selector: ([name]) => name,
    maxLength: 6,
  })
  .map((columns) => tableShape(ordersWith(Object.fromEntries(columns))))
