import { describe, expect, test } from 'vitest'
import { reviewContract } from '../../contract-tools/check/review-contract.ts'
import { locateMember } from '../../contract-tools/load/locate-member.ts'
import { inferTable } from '../../core/contract/infer/infer-table.ts'
import { type Column, col } from '../../core/contract/language/column.ts'
import { printContract } from '../../core/contract/print/print-contract.ts'
import { tables } from '../../schemas/index.ts'
import { ordersWith } from '../core/contract/any-shape.ts'
import { contractFile } from './contract-file.ts'

function review(name: string, column: Column, text?: string) {
  const table = ordersWith({ [name]: column })
  const file = contractFile(table, text ?? printContract(table))
  return reviewContract(file).map(({ rule, message }) => `${rule} ${message}`)
}

describe('a column', () => {
  test.each([
    ['total', col.double('Amount charged, tax included'), 'C106 total: money as double'],
    ['net_price', col.real('Before tax, in euros'), 'C106 net_price: money as real'],
    ['email', col.string('Where the receipt went'), 'C105 email: looks like email, and pii is left out'],
    [
      'buyer',
      col.string('Who paid', { from: 'lastName' }),
      'C105 buyer: looks like name, and pii is left out',
    ],
    [
      'order_state',
      col.string('The state of the order'),
      'C104 order_state: the description says no more than the name',
    ],
    ['state', col.string('TODO'), 'C104 state: the description says no more than the name'],
    [
      'state',
      col.string('Source column s, text; describe it for analysts'),
      'C104 state: the description says no more than the name',
    ],
  ])('%s as it stands is a finding', (name, column, finding) => {
    expect(review(name, column)).toEqual([finding])
  })

  test.each([
    ['total', col.decimal(12, 2, 'Amount charged, tax included')],
    ['weight', col.double('Of the parcel, in grams')],
    ['email', col.string('Where the receipt went', { pii: 'email' })],
    ['email_count', col.integer('How many receipts were sent')],
    ['state', col.string('Place in the life of an order')],
  ])('%s as it stands is none', (name, column) => {
    expect(review(name, column)).toEqual([])
  })

  test('of a key is text with a bound', () => {
    const table = ordersWith({ code: col.string('Number of the country') }, { primaryKey: ['code'] })
    expect(reviewContract(contractFile(table, printContract(table))).map(({ rule }) => rule)).toEqual([
      'C107',
    ])
  })

  test('is let be where a comment with a reason says so, for that rule only', () => {
    const table = ordersWith({ email: col.string('Email') })
    const allowing = (comment: string) =>
      printContract(table).replace('    email:', `    ${comment}\n    email:`)
    const rules = (text: string) => reviewContract(contractFile(table, text)).map(({ rule }) => rule)
    expect(rules(allowing('// allow C105: a mailbox of the shop, not of a person'))).toEqual(['C104'])
    expect(rules(allowing('// allow C105:'))).toEqual(['C104', 'C105'])
  })
})

test('path, version and export name are those of the contract', () => {
  const file = contractFile(ordersWith({}, { name: 'sales.carts' }), '', 'cartsV1')
  expect(reviewContract({ ...file, version: 2 }).map(({ message }) => message)).toEqual([
    'the path says sales.orders, the contract sales.carts',
    'the path says version 2, the contract 1',
  ])
  expect(reviewContract(contractFile(ordersWith({}), '', 'orders')).map(({ message }) => message)).toEqual([
    'exported as orders, not ordersV1',
  ])
})

test('an inferred contract is sent back until someone owns and describes it', () => {
  const table = inferTable(
    {
      schema: 'sales',
      name: 'orders',
      key: ['id'],
      columns: [{ name: 'id', type: 'bigint', kind: 'base', notNull: true }],
    },
    { system: 'shop' },
  )
  const rules = reviewContract(contractFile(table, printContract(table))).map(({ rule }) => rule)
  expect(rules).toEqual(['C112', 'C104', 'C104'])
})

describe('the place of a member', () => {
  const text = `import { col, table } from '#contract'

/** total: in a comment, table({ total: 1 }) */
export const ordersV1 = table({
  name: 'sales.orders', // columns: { total: no }
  columns: {
    id: col.bigint('id: "quoted" { total: '),
    'code': col.string('Code', { check: z.string().regex(/["'{:]/) }),
    state: col.enum(['total', 'b'], 'total: text', { nullable: true }),
    total: col.decimal(12, 2, 'Amount'),
  },
})
export const more = { columns: { later: 1 } }
`
  test.each([
    [['name'], '5:3'],
    [['columns', 'id'], '7:5'],
    [['columns', 'code'], '8:5'],
    [['columns', 'state', 'nullable'], '9:54'],
    [['columns', 'total'], '10:5'],
    [['columns', 'gone'], '6:3'],
    [['columns', 'later'], '6:3'],
    [['gone'], '4:1'],
  ])('%j is %s', (path, place) => {
    const { line, column } = locateMember(text, path)
    expect(`${line}:${column}`).toBe(place)
  })

  test.each(tables)('every column of $name v$version is found where a printed contract has it', (table) => {
    const plain = {
      ...table,
      columns: Object.fromEntries(
        Object.entries(table.columns).map(([n, c]) => [n, { ...c, check: undefined }]),
      ),
    }
    const printed = printContract(plain)
    const lines = printed.split('\n')
    for (const name of Object.keys(table.columns)) {
      const { line, column } = locateMember(printed, ['columns', name])
      expect(lines[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${name}: col\\.`))
    }
  })
})

test('a table too wide for its view in Athena is told how many of its columns fit, before it has a base', () => {
  const wide = (count: number) => {
    const names = Array.from({ length: count }, (_, index) => `a_longer_column_name_${index}`)
    const columns = names.map((name) => [name, col.integer('Count of the parcels that came by')] as const)
    const table = {
      ...ordersWith({}),
      columns: { ...ordersWith({}).columns, ...Object.fromEntries(columns) },
    }
    return reviewContract(contractFile(table, printContract(table)))
  }
  expect(wide(300)).toEqual([])
  const [finding, ...others] = wide(1_500)
  expect(others).toEqual([])
  const [, fitting] = /of which about (\d+) fit/.exec(finding?.message ?? '') ?? []
  expect(wide(Number(fitting) - 10)).toEqual([])
  expect(wide(Number(fitting) + 100).map(({ rule }) => rule)).toEqual(['C114'])
})
