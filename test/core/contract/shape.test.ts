import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { shapeTable, tableShape } from '../../../core/contract/evolution/shape.ts'
import { col } from '../../../core/contract/language/column.ts'
import { lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import { tables } from '../../../schemas/index.ts'
import { runs } from '../../support/budget.ts'
import { anyShape, ordersWith } from './any-shape.ts'

test('wording and owner are no part of the shape', () => {
  const first = ordersWith({ note: col.string('What the buyer wrote') })
  const reworded = ordersWith(
    { note: col.string('Words of the buyer') },
    { owner: 'b@c', description: 'Other' },
  )
  expect(tableShape(reworded)).toEqual(tableShape(first))
})

test('a shape is its own JSON', () => {
  fc.assert(
    fc.property(anyShape, (shape) => {
      expect(JSON.parse(JSON.stringify(shape))).toEqual(shape)
    }),
    { numRuns: runs(50) },
  )
})

test.each(tables)('the shape of $name v$version has the lake columns of its contract', (table) => {
  expect(lakeColumns(shapeTable(tableShape(table)))).toEqual(lakeColumns(table))
})

test('a check shows by its JSON Schema, and by how many functions it has', () => {
  const check = (type: z.ZodType) =>
    tableShape(ordersWith({ code: col.string('Code', { check: type }) })).columns[1]
  expect(check(z.string().length(3))?.check).toBe('{"type":"string","minLength":3,"maxLength":3}')
  expect(check(z.string().refine((text) => text !== 'x'))?.check).toBe('{"type":"string","functions":1}')
})
