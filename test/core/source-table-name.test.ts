import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distinctLakeName } from '../../core/contract/language/lake-names.ts'
import { loadPrefix } from '../../core/load/load.ts'
import { parseTableName, sourceTableName, splitTableName } from '../../core/source-table-name.ts'
import {
  chosenTables,
  idlePatterns,
  isRelationName,
  tableMatcher,
} from '../../engine/postgres/catalog/table-pattern.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'

const identifier = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 6,
    unit: fc.constantFrom('a', 'B', '.', '"', '*', ' ', '!', 'ж', '%', '/'),
  }),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
)
const table = fc.record({ schema: identifier, name: identifier })

describe('the text of a source table', () => {
  test('is read back, whatever characters its parts have', () => {
    fc.assert(
      fc.property(table, (one) => {
        expect(splitTableName(sourceTableName(one))).toEqual(one)
      }),
    )
  })

  test('is no other table’s', () => {
    fc.assert(
      fc.property(table, table, (one, other) => {
        const isSame = one.schema === other.schema && one.name === other.name
        expect(sourceTableName(one) === sourceTableName(other)).toBe(isSame)
      }),
    )
    expect(sourceTableName({ schema: 'a.b', name: 'c' })).toBe('"a.b".c')
    expect(sourceTableName({ schema: 'a', name: 'b.c' })).toBe('a."b.c"')
    expect(sourceTableName({ schema: 'Sales', name: 'Order Details' })).toBe('Sales.Order Details')
  })

  test.each(['a', 'a.b.c', '"a.b.c', '.a', 'a.', '"a"b.c'])('%s is none', (text) => {
    expect(parseTableName(text)).toBeUndefined()
    expect(() => splitTableName(text)).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
  })

  test('as a pattern it names its table and no other', () => {
    fc.assert(
      fc.property(table, table, (one, other) => {
        const text = sourceTableName(one)
        fc.pre(!text.startsWith('!'))
        expect(isRelationName(text)).toBe(true)
        expect(tableMatcher([text])(one)).toBe(true)
        fc.pre(text.includes('"') && text !== sourceTableName(other))
        expect(tableMatcher([text])(other)).toBe(false)
      }),
    )
  })

  test('is chosen by patterns of which each takes one, and `!` leaves some out', () => {
    const tables = ['app.users', 'app.logs', 'hr.shifts'].map(splitTableName)
    const chosen = (...patterns: string[]) =>
      chosenTables(patterns, tables, 'is captured').map(sourceTableName)
    expect(chosen('app.*', '!app.logs')).toEqual(['app.users'])
    expect(chosen('!app.*')).toEqual(['hr.shifts'])
    for (const [missing, ...others] of [['app.user'], ['x.*', 'app.*'], ['app.logs', '!app.logs']])
      expect(() => chosen(...others, missing ?? '')).toThrow(`${missing} names no table that is captured`)
  })

  test('a pattern without quotes takes the plain names, with quotes the star outside is a wildcard', () => {
    expect(tableMatcher(['app.v2.*'])({ schema: 'app.v2', name: 'users' })).toBe(true)
    expect(tableMatcher(['"app.v2".*'])({ schema: 'app.v2', name: 'users' })).toBe(true)
    expect(tableMatcher(['"app.v2".*'])({ schema: 'app', name: 'v2.users' })).toBe(false)
  })

  test('patterns that take no table are told, whichever way they name it', () => {
    const tables = [
      { schema: 'app.v2', name: 'users' },
      { schema: 'sales', name: 'orders' },
    ]
    const patterns = ['sales.orders', 'sales.*', '"app.v2".users', 'app.v2.users', '!hr.*']
    expect(idlePatterns(patterns, tables)).toEqual([])
    const others = ['sales.order', 'hr.*', '"app".v2.users', '"sales".orders']
    expect(idlePatterns([...patterns, ...others], tables)).toEqual(others)
  })

  test('load files lie apart for each, and their key names it', () => {
    fc.assert(
      fc.property(table, (one) => {
        const text = sourceTableName(one)
        const key = `${loadPrefix('l1', text)}/LOAD00000001.parquet`
        expect(parseLoadFileName(key)).toMatchObject({ key, load: 'l1', table: text })
      }),
    )
  })
})

describe('lake names of tables', () => {
  test('that have lost letters are distinct, the others as they read', () => {
    expect(distinctLakeName('заказы', 'table')).toMatch(/^table_[0-9a-f]{8}$/)
    expect(distinctLakeName('заказы', 'table')).not.toBe(distinctLakeName('клиенты', 'table'))
    expect(distinctLakeName('заказы_2024', 'table')).not.toBe(distinctLakeName('клиенты_2024', 'table'))
    expect(distinctLakeName('firstName', 'table')).toBe('first_name')
    expect(distinctLakeName('prénoms', 'table')).toBe('prenoms')
    expect(distinctLakeName('order details', 'table')).toBe('order_details')
  })
})
