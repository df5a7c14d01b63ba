import { describe, expect, test } from 'vitest'
import { ObservedRows } from '../../../core/contract/infer/infer-from-values.ts'
import { guessKey, lackingColumns, tableFromFields } from '../../../core/contract/infer/propose-columns.ts'
import type { JsonObject } from '../../../core/json.ts'
import { shiftsV1 } from '../../../schemas/workforce/shifts/v1.ts'

function fieldsOf(rows: readonly JsonObject[]) {
  const observed = new ObservedRows()
  for (const row of rows) observed.add(row)
  return observed.observed()
}

const many = (row: JsonObject) => Array.from({ length: 100 }, () => row)
const options = { system: 'shop', source: 'sales.orders', key: ['orderId'] }

describe('columns that a contract lacks', () => {
  test('are nullable whatever was seen: rows from before the column have no value', () => {
    const { channel } = lackingColumns(fieldsOf(many({ shift_id: 1, channel: 'x' })), shiftsV1)
    expect(channel).toMatchObject({ type: { kind: 'string' }, nullable: true })
  })

  test('take no name that the contract has, nor one of a microseconds column', () => {
    const fields = fieldsOf([{ shiftId: 1, updated_at_micros: 2, UPDATED_AT: 3 }])
    expect(Object.entries(lackingColumns(fields, shiftsV1)).map(([name, { from }]) => [name, from])).toEqual([
      ['shift_id_2', 'shiftId'],
      ['updated_at_micros_2', 'updated_at_micros'],
      ['updated_at_2', 'UPDATED_AT'],
    ])
  })

  test('are none when the contract reads every field, under whatever name', () => {
    const { shift_id, shop_id } = shiftsV1.columns
    const table = { ...shiftsV1, columns: { shift: { ...shift_id, from: 'shift_id' }, shop_id } }
    expect(lackingColumns(fieldsOf([{ shift_id: 1, shop_id: 2 }]), table)).toEqual({})
  })
})

describe('a whole contract', () => {
  test('has a key that is never null and grows, and nullable columns until enough rows say otherwise', () => {
    const few = tableFromFields(fieldsOf([{ orderId: 1, total: 2 }]), options)
    const enough = tableFromFields(fieldsOf(many({ orderId: 1, total: 2 })), options)
    expect(few.columns['order_id']).toMatchObject({
      type: { kind: 'bigint' },
      nullable: false,
      from: 'orderId',
    })
    expect([few.columns['total']?.nullable, enough.columns['total']?.nullable]).toEqual([true, false])
    expect(few.primaryKey).toEqual(['order_id'])
  })

  test('a key that was never seen makes none', () => {
    expect(() => tableFromFields(fieldsOf([{ total: 2 }]), options)).toThrow('primaryKey')
  })

  test('the key is what deletes carry, else what is named like one, else the first field', () => {
    const guess = (row: JsonObject, inDeletes?: readonly string[]) =>
      guessKey(fieldsOf([row]), 'sales.orders', inDeletes && new Set(inDeletes))
    expect(guess({ a: 1, b: 2, c: 3 }, ['a', 'c'])).toEqual(['a', 'c'])
    expect(guess({ a: 1, id: 2 }, ['a', 'id'])).toEqual(['id'])
    expect(guess({ a: 1, order_id: 2 })).toEqual(['order_id'])
    expect(guess({ a: 1, b: 2 })).toEqual(['a'])
  })
})
