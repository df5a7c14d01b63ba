import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTable } from '../../../core/contract/check/check-table.ts'
import { inferTable, type SourceShape } from '../../../core/contract/infer/infer-table.ts'
import type { SourceShapeColumn } from '../../../core/contract/infer/infer-type.ts'
import { PipelineError } from '../../../core/failures/failures.ts'

const id: SourceShapeColumn = { name: 'id', type: 'bigint', kind: 'base', notNull: true }

function shapeOf(columns: readonly SourceShapeColumn[], rest: Partial<SourceShape> = {}): SourceShape {
  return { schema: 'public', name: 'orders', key: ['id'], columns: [id, ...columns], ...rest }
}

function column(name: string, type: string, rest: Partial<SourceShapeColumn> = {}): SourceShapeColumn {
  return { name, type, kind: 'base', notNull: false, ...rest }
}

function infer(columns: readonly SourceShapeColumn[], guessPii = false) {
  return inferTable(shapeOf(columns), { system: 'shop', guessPii }).columns
}

describe('names', () => {
  const namesOf = (sources: readonly string[], type = 'text') =>
    Object.entries(infer(sources.map((name) => column(name, type))))
      .slice(1)
      .map(([name, { from }]) => [name, from])

  test.each([
    ['plain_name', 'plain_name', undefined],
    ['firstName', 'first_name', 'firstName'],
    ['HTTPServerURL', 'http_server_url', 'HTTPServerURL'],
    ['Prénom usuel', 'prenom_usuel', 'Prénom usuel'],
    ['2fa', 'column_2fa', '2fa'],
    ['_op', 'op', '_op'],
    ['__proto__', 'proto__', '__proto__'],
    ['constructor', 'constructor', undefined],
    ['日本', 'column', '日本'],
    ['a"b\'c\\d', 'a_b_c_d', 'a"b\'c\\d'],
    ['a\nb', 'a_b', 'a\nb'],
  ])('%j becomes %s', (source, name, from) => {
    expect(namesOf([source])).toEqual([[name, from]])
  })

  test('columns that would share a name are counted, the first keeps it', () => {
    expect(namesOf(['Total', 'total', 'TOTAL', 'total_2'])).toEqual([
      ['total', 'Total'],
      ['total_2', 'total'],
      ['total_3', 'TOTAL'],
      ['total_2_2', 'total_2'],
    ])
  })

  test('a column does not take the name of the microseconds beside another', () => {
    expect(
      Object.keys(
        infer([
          column('sent_at', 'timestamp with time zone'),
          column('sent_at_micros', 'bigint'),
          column('paid_at_micros', 'bigint'),
          column('paid_at', 'timestamp with time zone'),
        ]),
      ),
    ).toEqual(['id', 'sent_at', 'sent_at_micros_2', 'paid_at_micros', 'paid_at_2'])
  })

  test('a column that is added at the end renames no other', () => {
    const names = fc.array(fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a', 'A', '_a', 'a_2')))
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a', 'A', '_a'))),
        names,
        (first, more) => {
          const before = namesOf(first)
          expect(namesOf([...first, ...more]).slice(0, before.length)).toEqual(before)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('schema and table follow the same rule, and the source keeps its own spelling', () => {
    const shape = shapeOf([], { schema: 'HR Data', name: '1stShift' })
    expect(inferTable(shape, { system: 'shop' })).toMatchObject({
      name: 'hr_data.table_1st_shift',
      source: { system: 'shop', table: 'HR Data.1stShift' },
    })
  })

  test('the key follows the renaming, in the order of the key', () => {
    const shape = shapeOf([column('shopId', 'integer', { notNull: true })], { key: ['shopId', 'id'] })
    expect(inferTable(shape, { system: 'shop' }).primaryKey).toEqual(['shop_id', 'id'])
  })
})

describe('the contract', () => {
  test.each(['jsonb', 'bytea', 'numeric', 'text[]'])('a key of type %s is text', (type) => {
    const kind = type.endsWith('[]') ? 'array' : 'base'
    const shape = shapeOf([column('part', type, { kind })], { key: ['id', 'part'] })
    const { columns } = inferTable(shape, { system: 'shop' })
    expect(columns['part']).toMatchObject({ type: { kind: 'string' }, nullable: false })
  })

  test('a column is nullable when the catalog lets it be null, a key column never', () => {
    const columns = inferTable(
      shapeOf([column('a', 'text'), column('b', 'text', { notNull: true })], { key: ['id', 'a'] }),
      { system: 'shop' },
    ).columns
    expect([columns['a']?.nullable, columns['b']?.nullable]).toEqual([false, false])
    expect(infer([column('a', 'text')])['a']?.nullable).toBe(true)
  })

  test('comments of the source become descriptions of one line', () => {
    const shape = shapeOf([column('a', 'text', { comment: ' What it\n\tis. ' })], {
      comment: 'Sales.\r\nAll.',
    })
    const inferred = inferTable(shape, { system: 'shop' })
    expect([inferred.description, inferred.columns['a']?.description]).toEqual(['Sales. All.', 'What it is.'])
  })

  test('a column kept as text says why, after the comment of the source', () => {
    const { value } = infer([column('value', 'numeric', { comment: 'Rate of the day' })])
    expect(value?.description).toBe(
      'Rate of the day (exact text, because numeric without precision has no fixed scale)',
    )
  })

  test('without a comment the description says where the column comes from', () => {
    const blank = column('rate', 'numeric', { precision: 5, scale: 2, comment: ' ' })
    expect(infer([blank])['rate']?.description).toBe(
      'Source column rate, numeric(5,2); describe it for analysts',
    )
  })

  test('a table without a primary key is refused by name', () => {
    expect(() => inferTable(shapeOf([], { key: [] }), { system: 'shop' })).toThrow(
      new PipelineError('source/no-primary-key', 'public.orders has no primary key'),
    )
  })

  test('a shape whose key is none of its columns is refused', () => {
    expect(() => inferTable(shapeOf([], { key: ['gone'] }), { system: 'shop' })).toThrow(
      new PipelineError(
        'source/no-primary-key',
        'the primary key of public.orders has a generated column, gone, which changes do not carry',
      ),
    )
  })

  test('whatever the catalog says, the contract is sound and keeps every column', () => {
    const types = ['text', 'numeric', 'date', 'timestamp with time zone', 'jsonb', 'bytea', 'boolean', 'odd']
    const anyColumn = fc.record({
      name: fc.oneof(
        fc.string({ minLength: 1, unit: 'binary' }),
        fc.constantFrom('email', 'Email', 'phone', 'birth_date', 'at', 'at_micros', '_at'),
      ),
      type: fc.constantFrom(...types),
      kind: fc.constantFrom(...(['base', 'enum', 'array', 'domain', 'other'] as const)),
      elementType: fc.constantFrom(...types),
      precision: fc.integer({ min: 1, max: 1000 }),
      scale: fc.integer({ min: -1000, max: 1000 }),
      length: fc.integer({ min: 1, max: 10_485_760 }),
      notNull: fc.boolean(),
      comment: fc.string({ unit: 'binary' }),
    })
    const columns = fc.uniqueArray(anyColumn, { selector: ({ name }) => name, minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(columns, fc.nat(), fc.boolean(), (list, pick, guessPii) => {
        const key = [list[pick % list.length]?.name ?? '']
        const shape = { schema: 'Any', name: 'one', key, columns: list }
        const table = inferTable(shape, { system: 'shop', guessPii })
        expect(checkTable(table)).toEqual([])
        const sources = Object.entries(table.columns).map(([name, { from }]) => from ?? name)
        expect(sources).toEqual(list.map(({ name }) => name))
      }),
    )
  })
})

describe('personal data', () => {
  test.each([
    ['email', 'text', 'email', 'hash'],
    ['billingEmail', 'text', 'email', 'hash'],
    ['email_address', 'text', 'email', 'hash'],
    ['mobile', 'character varying', 'phone', 'mask'],
    ['tel', 'bigint', 'phone', 'hash'],
    ['iban', 'text', 'iban', 'mask'],
    ['LastName', 'text', 'name', 'mask'],
    ['full_name', 'text', 'name', 'mask'],
    ['national_id', 'text', 'nir', 'hash'],
    ['SSN', 'integer', 'nir', 'hash'],
    ['birth_date', 'date', 'birth-date', 'mask'],
    ['date_of_birth', 'timestamp without time zone', 'birth-date', 'drop'],
    ['dob', 'text', 'birth-date', 'hash'],
    ['street', 'text', 'address', 'mask'],
    ['home_address', 'jsonb', 'address', 'mask'],
    ['client_ip', 'inet', 'address', 'mask'],
  ])('%s of type %s is taken for %s and gets the treatment %s', (name, type, pii, treatment) => {
    const guessed = Object.values(infer([column(name, type)], true))[1]
    expect([guessed?.pii, guessed?.treatment]).toEqual([pii, treatment])
  })

  test('without a review no guess alters a value', () => {
    const { email } = infer([column('email', 'text')])
    expect([email?.pii, email?.treatment]).toEqual([undefined, 'clear'])
  })

  test.each([
    ['email_verified', 'boolean'],
    ['email_verified_at', 'timestamp with time zone'],
    ['address_id', 'text'],
    ['phone_count', 'integer'],
    ['name', 'text'],
    ['hotel', 'text'],
    ['streetcar_line', 'text'],
    ['mobile', 'boolean'],
  ])('%s of type %s is not taken for personal data', (name, type) => {
    expect(infer([column(name, type)], true)[name]?.pii).toBeUndefined()
  })

  test('a key is hashed where another column would be masked', () => {
    const shape = shapeOf([column('phone', 'text', { notNull: true })], { key: ['phone'] })
    const { columns } = inferTable(shape, { system: 'shop', guessPii: true })
    expect(columns['phone']).toMatchObject({ pii: 'phone', treatment: 'hash' })
  })
})
