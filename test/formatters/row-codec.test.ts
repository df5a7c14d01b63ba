import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { CanonicalValue } from '../../core/block.ts'
import type { Change } from '../../core/change.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { parseJsonObject } from '../../core/json.ts'
import { formatPosition, nextStep } from '../../core/position.ts'
import { type Formatted, rowCodec } from '../../formatters/row-codec.ts'
import { maskKey, people, withUnknownFields } from './people-table.ts'

const position = formatPosition({ epoch: 0, lsn: 9n, ordinal: 1, step: 0 })
const hash = (text: string) => createHmac('sha256', maskKey).update(text).digest('hex')

const row = {
  id: '9007199254740993',
  shop: '"paris-1"',
  pay: '1999.9',
  level: '3',
  seen_at: '"2026-03-02T08:15:31.000001Z"',
  country: '"FR"',
  email: '"ada@lovelace.example"',
  phone: '"+33612345678"',
  name: '"Ada"',
  nir: '"2840578006084"',
  skills: '"{till,NULL}"',
}

/* A row as JSON text: members that are undefined are left out. */
function image(members: Readonly<Record<string, string | undefined>>) {
  const texts = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${value}`],
  )
  return parseJsonObject(`{${texts.join(',')}}`)
}

function change(
  operation: Change['operation'],
  data: Readonly<Record<string, string | undefined>> = row,
  before?: Readonly<Record<string, string>>,
): Change {
  return {
    table: 'public.people',
    operation,
    position,
    committedAt: operation === 'load' ? null : '2026-03-02T08:15:31.000999Z',
    data: image(data),
    before: before === undefined ? undefined : image(before),
  }
}

function format(given: Change, table: Table = people): Formatted {
  return rowCodec(table, maskKey).format(given)
}

function reasons(given: Change, table: Table = people): readonly string[] {
  const formatted = format(given, table)
  return formatted.kind === 'rows'
    ? ['accepted']
    : formatted.reasons.map(({ code, path, message }) => `${code} ${path}: ${message}`)
}

const committedAt = Date.UTC(2026, 2, 2, 8, 15, 31)
const values: readonly CanonicalValue[] = [
  '9007199254740993',
  'paris-1',
  '1999.90',
  3,
  '1772439331000001',
  'FR',
  hash('ada@lovelace.example'),
  '***78',
  'A***',
  ['till', null],
]
const none: readonly CanonicalValue[] = values.map(() => null)

test('G7: the columns of a row are those of the contract but for dropped ones', () => {
  expect(rowCodec(people, maskKey).columns).toEqual(
    Object.keys(people.columns).filter((name) => name !== 'nir'),
  )
  expect(values).toHaveLength(rowCodec(people, maskKey).columns.length)
})

describe('each operation', () => {
  test('an insert is one row of canonical, masked values', () => {
    expect(format(change('insert'))).toEqual({
      kind: 'rows',
      rows: [['insert', position, 0, committedAt, null, null, ...values]],
    })
  })

  test('a row of a load has no commit time', () => {
    expect(format(change('load'))).toEqual({
      kind: 'rows',
      rows: [['load', position, 0, null, null, null, ...values]],
    })
  })

  test('an update names the columns it did not send, and those are not null by that', () => {
    const sent = { ...row, pay: undefined, email: undefined, nir: undefined, level: 'null' }
    const expected = values.with(2, null).with(3, null).with(6, null)
    expect(format(change('update', sent))).toEqual({
      kind: 'rows',
      rows: [['update', position, 0, committedAt, ['pay', 'email'], null, ...expected]],
    })
  })

  test('an update that left out dropped columns only has nothing absent', () => {
    const formatted = format(change('update', { ...row, nir: undefined }))
    expect(formatted).toMatchObject({ kind: 'rows', rows: [{ 0: 'update', 4: null }] })
  })

  test.each(['insert', 'load'] as const)('an %s without a field has null there', (operation) => {
    const formatted = format(change(operation, { ...row, level: undefined }))
    expect(formatted).toMatchObject({ rows: [{ 4: null, [systemColumns.length + 3]: null }] })
  })

  test('a delete needs its key alone, whatever else it carries', () => {
    const deleted = [
      'delete',
      position,
      0,
      committedAt,
      null,
      null,
      ...none.with(0, '9007199254740993').with(1, 'paris-1'),
    ]
    const nulls = Object.fromEntries(Object.keys(row).map((name) => [name, 'null']))
    for (const data of [
      { id: row.id, shop: row.shop },
      { ...nulls, id: row.id, shop: row.shop },
      { ...row, pay: '"broken"', new_column: '1' },
    ])
      expect(format(change('delete', data))).toEqual({ kind: 'rows', rows: [deleted] })
  })

  test('a truncate has no values', () => {
    expect(format(change('truncate', {}))).toEqual({
      kind: 'rows',
      rows: [['truncate', position, 0, committedAt, null, null, ...none]],
    })
  })
})

describe('G4: an update of the key', () => {
  const old = { id: '7', shop: '"paris-1"' }
  const gone = ['delete', position, 0, committedAt, null, null, ...none.with(0, '7').with(1, 'paris-1')]

  test('is a delete of the old key and an insert of the new one, one position apart', () => {
    expect(format(change('update', row, old))).toEqual({
      kind: 'rows',
      rows: [gone, ['insert', nextStep(position), 0, committedAt, null, null, ...values]],
    })
  })

  test('keeps what the update did not send absent', () => {
    expect(format(change('update', { ...row, email: undefined }, old))).toEqual({
      kind: 'rows',
      rows: [gone, ['insert', nextStep(position), 0, committedAt, ['email'], null, ...values.with(6, null)]],
    })
  })

  test.each([
    ['the key as it was', { id: row.id, shop: row.shop }],
    ['other columns', { pay: '5.00' }],
    ['a part of the key as it was', { shop: row.shop }],
  ])('is none when the before-image holds %s', (_, before) => {
    expect(format(change('update', row, before))).toMatchObject({ rows: [{ 0: 'update', 1: position }] })
  })

  test('is refused when the old key is not whole', () => {
    expect(reasons(change('update', row, { id: '7' }))).toEqual([
      'format/missing-value shop: must not be null',
    ])
  })
})

describe('G1: a refused change', () => {
  test('has every reason against it at once', () => {
    const bad = {
      ...row,
      shop: undefined,
      pay: '19.905',
      level: '32768',
      country: '"France"',
      skills: '"{till,stocktaking}"',
    }
    expect(reasons(change('insert', bad))).toEqual([
      'format/missing-value shop: must not be null',
      'format/bad-value pay: must fit decimal(12,2)',
      'format/bad-value level: must be a 16-bit integer',
      'format/bad-value country: breaks its check: Too big: expected string to have exactly 2 characters',
      'format/bad-value skills[1]: must be text of at most 8 characters',
    ])
  })

  test('tells a null key and a bad key apart', () => {
    expect(reasons(change('delete', { id: 'null', shop: '"much too long for it"' }))).toEqual([
      'format/missing-value person_id: must not be null',
      'format/bad-value shop: must be text of at most 12 characters',
    ])
  })

  test('may not leave out its key in an update', () => {
    expect(reasons(change('update', { ...row, id: undefined }))).toEqual([
      'format/missing-value person_id: must not be null',
    ])
  })

  test('has both halves of a changed key judged', () => {
    const bad = { ...row, pay: '"x"' }
    expect(reasons(change('update', bad, { id: '1.5', shop: row.shop }))).toEqual([
      'format/bad-value person_id: must be a 64-bit integer',
      'format/bad-value pay: must be a finite number',
    ])
  })

  test('may be refused for a column that the lake never gets', () => {
    expect(reasons(change('insert', { ...row, nir: 'true' }))).toEqual([
      'format/bad-value nir: must be text of valid Unicode',
    ])
  })
})

describe('fields that the contract does not know', () => {
  const members = Object.entries(row).map(([name, value]) => `"${name}":${value}`)
  const unknown = '"badge":12345678901234567890,"new \\"name\\"":{"a":1.50},"__proto__":{"b":2}'
  const withUnknown = (operation: Change['operation']): Change => ({
    ...change(operation),
    data: parseJsonObject(`{${members.join(',')},${unknown}}`),
  })

  test('G6: keep: they are in _extra digit for digit', () => {
    expect(format(withUnknown('insert'), withUnknownFields('keep'))).toMatchObject({
      rows: [{ 5: `{${unknown}}` }],
    })
  })

  test('quarantine: each is a reason', () => {
    expect(reasons(withUnknown('insert'), withUnknownFields('quarantine'))).toEqual([
      'format/unknown-field badge: is not in the contract',
      'format/unknown-field new "name": is not in the contract',
      'format/unknown-field __proto__: is not in the contract',
    ])
  })

  test('drop: nothing is left of them', () => {
    expect(format(withUnknown('insert'), withUnknownFields('drop'))).toEqual(format(change('insert')))
  })

  test('a delete does not look at them', () => {
    const table = withUnknownFields('quarantine')
    expect(format(withUnknown('delete'), table)).toMatchObject({ rows: [{ 0: 'delete', 5: null }] })
  })
})

test('names that every object inherits are fields like others', () => {
  const columns = { constructor: people.columns.person_id, to_string: people.columns.country }
  const table: Table = {
    ...people,
    primaryKey: ['constructor'],
    columns: {
      constructor: { ...columns.constructor, from: undefined },
      to_string: { ...columns.to_string, from: 'toString' },
    },
  }
  const bare = { ...change('insert', {}), data: parseJsonObject('{}') }
  expect(reasons(bare, table)).toEqual(['format/missing-value constructor: must not be null'])
  const full = { ...bare, data: parseJsonObject('{"constructor":1,"toString":"FR"}') }
  expect(format(full, table)).toMatchObject({
    rows: [{ [systemColumns.length]: '1', [systemColumns.length + 1]: 'FR' }],
  })
})
