import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ByteWriter } from '../../core/bytes/byte-writer.ts'
import { PageLines } from '../../core/bytes/page-lines.ts'
import { table } from '../../core/contract/check/define-table.ts'
import { col } from '../../core/contract/language/column.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { decodePage, encodePages, type Page, type RawChange } from '../../core/page.ts'
import { formatPosition } from '../../core/position.ts'
import { formatChanges, formatPage } from '../../formatters/format-page.ts'
import { routeOf } from '../../formatters/route.ts'
import { anyImageText, anyNumberText, anySourceText, anyText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'
import { maskKey, people } from './people-table.ts'

/** A column of every type, and some with the rules that a column may have. */
const everything = table({
  name: 'hr.everything',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'A column of each type.',
  source: { system: 'hr', table: 'public.everything' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  checks: [
    { name: 'order', left: 'low', is: '<=', right: 'high' },
    { name: 'time', left: 'exact', is: '<', right: 'until' },
    { name: 'units', left: 'at', is: '<=', right: 'until' },
    { name: 'amounts', left: 'd', is: '>=', right: 'bounded' },
  ],
  columns: {
    id: col.bigint('Key'),
    i: col.integer('Integer', { nullable: true }),
    s: col.smallint('Small', { nullable: true, default: 7 }),
    d: col.decimal(8, 3, 'Decimal', { nullable: true }),
    whole: col.decimal(5, 0, 'Decimal without a fraction', { nullable: true }),
    part: col.decimal(3, 3, 'Decimal without a whole', { nullable: true }),
    f: col.double('Double', { nullable: true }),
    r: col.real('Real', { nullable: true }),
    b: col.boolean('Boolean', { nullable: true }),
    day: col.date('Day', { nullable: true }),
    at: col.timestamp('Instant', { nullable: true }),
    exact: col.timestampMicros('Exact instant', { nullable: true }),
    time: col.time('Time of day', { nullable: true }),
    uuid: col.uuid('UUID', { nullable: true }),
    kind: col.enum(['a', 'é', 'b"c'], 'Closed list', { nullable: true }),
    open: col.enum(['a'], 'Open list', { nullable: true, unknown: 'keep' }),
    text: col.string('Text', { nullable: true }),
    short: col.varchar(3, 'Short text', { nullable: true }),
    doc: col.json('Document', { nullable: true }),
    bytes: col.binary('Bytes', { nullable: true }),
    list: col.list({ kind: 'integer' }, 'List', { nullable: true }),
    low: col.integer('Lower one', { nullable: true }),
    high: col.integer('Higher one', { nullable: true, min: -5 }),
    mail: col.string('Hashed', { nullable: true, pii: 'email' }),
    gone: col.string('Dropped', { nullable: true, pii: 'nir', treatment: 'drop' }),
    clamped: col.integer('Clamped', { nullable: true, max: 10, beyond: 'clamp' }),
    two: col.string('Of two letters', { nullable: true, check: z.string().length(2) }),
    until: col.timestampMicros('Another instant', { nullable: true }),
    bounded: col.decimal(8, 3, 'Bounded', { nullable: true, min: -1.5, max: 12_345.678 }),
    far: col.integer('Bounded on one side', { nullable: true, min: 9 }),
    ratio: col.double('Bounded float', { nullable: true, min: 0.1, max: 12_345.678 }),
    rounded: col.real('Bounded real', { nullable: true, max: 0.1 }),
    texts: col.list({ kind: 'string' }, 'Texts', { nullable: true }),
    codes: col.list({ kind: 'string', max: 1 }, 'Short texts', { nullable: true }),
    renamed: col.string('Of another name', { nullable: true, from: 'other' }),
  },
})

const must = table({
  name: 'hr.must',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Nothing may be missing.',
  source: { system: 'hr', table: 'public.everything' },
  primaryKey: ['id', 'i'],
  unknownFields: 'quarantine',
  columns: { id: col.bigint('Key'), i: col.integer('More of it'), text: col.string('Text') },
})

/* Values that are near to what a type takes, on both sides of its edges. */
const anyDigits = fc.oneof(
  fc.integer({ min: -40_000, max: 40_000 }).map(String),
  fc.constantFrom(
    ...['-0', '0', '-1', '9', '999999999', '-999999999', '2147483647', '2147483648', '-2147483649', '32768'],
    ...['999999999999999999', '9223372036854775807', '9223372036854775808', '0.5', '-0.000', '0.100', '.5'],
    ...['12345.678', '99999.999', '100000', '1.2345', '12.50', '1e2', '2.2', '123456', '1234567', '0.1'],
    ...['-1.5', '-1.501', '-1.499', '12345.679', '8', '10', '12345.677', '0.09', '0.11', '600', '1e-1'],
    ...['123456789012345', '1234567890123456', '3.4028235e38', '-0.0', '0.0', '1.10', '00', '1.'],
  ),
  anyNumberText,
)
const anyTexts = fc.oneof(
  anyText,
  anySourceText,
  fc.constantFrom(
    ...['2026-03-02', '2026-02-29', '2024-02-29', '0000-01-01', '9999-12-31', '10000-01-01', '2026-13-01'],
    ...[
      '2026-03-02T08:15:31.886717Z',
      '2026-03-02T08:15:31Z',
      '2026-03-02 08:15:31.5Z',
      '1969-12-31T23:59:59.999999Z',
    ],
    ...[
      '2026-03-02T24:00:00Z',
      '2026-03-02T08:15:31+02',
      '0001-01-01T00:00:00Z',
      '2026-03-02T08:15:31.1234567Z',
    ],
    ...['2300-01-01T00:00:00.000001Z', '08:15:31', '24:00:00', '08:15:31.500', '08:60:00', '8:15:31'],
    ...[
      '6f1d5c1e-7b1a-4c55-9f0a-0123456789ab',
      '6F1D5C1E-7B1A-4C55-9F0A-0123456789AB',
      '6f1d5c1e7b1a4c559f0a0123456789ab',
    ],
    ...['true', 'f', 'a', 'é', 'b"c', 'abc', 'abcd', 'ab', 'ééé', '0aff', '0AFF', '\\x0aff', '0x0a', '0af'],
    ...[
      '{a}',
      '{a,b-2,c_3.5}',
      '{a,NULL}',
      '{nUlL,a}',
      '{nulls}',
      '{,}',
      '{a,}',
      '{a b}',
      '{é}',
      '{"a"}',
      '{{a}}',
    ],
    ...['{a}b}', '[0:1]={a,b}', '{', '}', '{a', 'a}', '{a\\b}', '{ab,c}'],
    ...['{1,2,NULL}', '{}', '{"a"', '{"a":1}', '[1,2]', '"x"', 'null', '1.5', 'NaN', 'Infinity', '-Infinity'],
  ),
)
const anyValue = fc.oneof(
  { weight: 4, arbitrary: anyDigits.filter((text) => isJson(text)) },
  { weight: 6, arbitrary: anyTexts.map((text) => JSON.stringify(text)) },
  {
    weight: 1,
    arbitrary: anyTexts.map((text) => JSON.stringify(text).replaceAll('/', '\\/').replaceAll('a', '\\u0061')),
  },
  { weight: 2, arbitrary: fc.constantFrom('null', 'true', 'false') },
  { weight: 1, arbitrary: fc.constantFrom('{"a":[1,2.50]}', '[1,null]', '{}', '[]') },
)

const names = Object.entries(everything.columns).map(([name, column]) => column.from ?? name)
const anyRow = fc
  .tuple(
    anyDigits.filter(isJson),
    fc.subarray([...names.filter((name) => name !== 'id'), 'unknown', '__proto__']),
    fc.infiniteStream(anyValue),
  )
  .map(([id, chosen, values]) => {
    const members = chosen.map((name) => `"${name}":${values.next().value}`)
    return `{${[`"id":${id}`, ...members].join(',')}}`
  })

const anyChange: fc.Arbitrary<RawChange> = fc
  .record({
    operation: fc.constantFrom('insert', 'insert', 'update', 'delete', 'load', 'truncate', 'refused'),
    ordinal: fc.integer({ min: 1, max: 1_000 }),
    committedAt: fc.constantFrom(
      '2026-03-02T08:15:31.000999Z',
      '2026-03-02T08:15:32.5Z',
      '0001-01-01T00:00:00Z',
    ),
    data: fc.oneof({ weight: 9, arbitrary: anyRow }, { weight: 1, arbitrary: anyImageText }),
    before: fc.option(fc.constantFrom('{}', '{"id":1}', '{"id":2,"i":4}', '{"id":"x"}'), {
      nil: undefined,
      freq: 2,
    }),
    isWhole: fc.boolean(),
  })
  .map(({ operation, ordinal, committedAt, data, before, isWhole }) => {
    const more = `${before === undefined ? '' : `,"before-image":${before}`}${isWhole && before === undefined ? ',"whole":true' : ''}`
    return {
      operation,
      position: formatPosition({ epoch: 0, lsn: 9n, ordinal, step: 0 }),
      committedAt: operation === 'load' ? null : committedAt,
      members: Buffer.from(`"data":${data}${more}`),
    } as RawChange
  })

async function pageOf(changes: readonly RawChange[]): Promise<Page> {
  const [page] = await encodePages('public.everything', { shard: 'shard-0', sequence: '1' }, changes)
  if (page === undefined) throw new Error('no page')
  return page
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const maxBlockBytes = 4_000

/** Both ways through the same contracts. */
function bothWays(page: Page, contracts: readonly Table[]) {
  const routes = contracts.map((contract) => routeOf(contract, maskKey))
  const reference = formatChanges(decodePage(page), routes, {
    maxBlockBytes,
    origin: { origin: 'page', page: page.key },
  })
  return { fast: formatPage(page, routes, maxBlockBytes), reference }
}

describe('a page from bytes to bytes', () => {
  test('has the blocks, the refusals and the counts of the reference, to the last byte', async () => {
    const keeping = { ...everything, unknownFields: 'keep' as const }
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 12 }), async (changes) => {
        const page = await pageOf(changes)
        for (const contracts of [[everything, must], [keeping], []]) {
          const { fast, reference } = bothWays(page, contracts)
          expect(fast.blocks.map(({ text }) => text.toString())).toEqual(
            reference.blocks.map(({ text }) => text.toString()),
          )
          expect(fast).toEqual(reference)
        }
      }),
      { numRuns: runs(200) },
    )
  })

  test('has them for one column after the other, each with any value', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(anyValue, { minLength: 1, maxLength: 30 }),
        async (name, values) => {
          const changes = values.map(
            (value, index): RawChange => ({
              operation: 'update',
              position: formatPosition({ epoch: 0, lsn: 9n, ordinal: index + 1, step: 0 }),
              committedAt: '2026-03-02T08:15:31.000999Z',
              members: Buffer.from(`"data":{${name === 'id' ? '' : '"id":1,'}"${name}":${value}}`),
            }),
          )
          const { fast, reference } = bothWays(await pageOf(changes), [everything])
          expect(fast).toEqual(reference)
        },
      ),
      { numRuns: runs(200) },
    )
  })

  test('is sure of what a source writes every day, so that the reference is not asked', async () => {
    const row = {
      id: 5,
      i: -7,
      s: 3,
      d: 12.5,
      whole: 12,
      part: 0.25,
      f: 2.5,
      r: 2.2,
      b: true,
      day: '2026-03-02',
      at: '2026-03-02T08:15:31.886717Z',
      exact: '2026-03-02T08:15:31.886717Z',
      time: '08:15:31',
      uuid: '6f1d5c1e-7b1a-4c55-9f0a-0123456789ab',
      kind: 'é',
      open: 'z',
      text: 'a "b"\n',
      short: 'abc',
      doc: '{"a":[1]}',
      bytes: '0aff',
      list: '{1,NULL}',
      low: 1,
      high: 2,
      mail: 'ada@lovelace.example',
      gone: '284',
      clamped: 99,
      two: 'FR',
      until: '2026-03-02T08:15:31.886718Z',
      bounded: 12.5,
      far: 9,
      ratio: 0.1,
      rounded: 0.1,
      texts: '{regular,week-end}',
      codes: '{a}',
      other: 'x',
      unknown: 1,
    }
    const change = (operation: RawChange['operation'], ordinal: number, data: object): RawChange => ({
      operation,
      position: formatPosition({ epoch: 0, lsn: 9n, ordinal, step: 0 }),
      committedAt: '2026-03-02T08:15:31.000999Z',
      members: Buffer.from(`"data":${JSON.stringify(data)},"before-image":{}`),
    })
    const changes = [
      change('insert', 1, row),
      change('update', 2, { id: 5, text: null }),
      change('delete', 3, row),
    ]
    const page = await pageOf(changes)
    const lines = new PageLines(page)
    const { lines: codec } = routeOf(everything, maskKey)
    const out = new ByteWriter()
    while (lines.next()) {
      expect(codec.write(lines, out, 0)).toBe(true)
    }
    const { reference } = bothWays(page, [everything])
    expect(out.take().toString()).toBe(
      reference.blocks.map(({ text }) => text.toString().slice(text.indexOf(10) + 1)).join(''),
    )
  })

  test('leaves to the reference what is refused, a changed key, a truncate and the mark of a refusal', async () => {
    const change = (operation: RawChange['operation'], members: string): RawChange => ({
      operation,
      committedAt: '2026-03-02T08:15:31.000999Z',
      members: Buffer.from(members),
      position: formatPosition({ epoch: 0, lsn: 9n, ordinal: 1, step: 0 }),
    })
    const { lines: codec } = routeOf(people, maskKey)
    for (const one of [
      change('insert', '"data":{"id":1}'),
      change('update', '"data":{"id":1,"shop":"a"},"before-image":{"id":2}'),
      change('truncate', '"data":{}'),
      change('refused', '"data":{"id":1,"shop":"a"}'),
      change('insert', '"data":{"id":1,"shop":"a","pay":1,"unknown":1}'),
      change('update', '"data":{"id":1,"shop":"a","level":10}'),
    ]) {
      const lines = new PageLines(await pageOf([one]))
      expect(lines.next()).toBe(true)
      expect(codec.write(lines, new ByteWriter(), 0)).toBe(false)
    }
  })

  test.each([
    ['a decimal at its bounds', 'bounded', '-1.5', true],
    ['a decimal under them', 'bounded', '-1.501', false],
    ['a decimal over them', 'bounded', '12345.679', false],
    ['an integer at its bound', 'far', '9', true],
    ['an integer under it', 'far', '8', false],
    ['a float at its bound', 'ratio', '0.1', true],
    ['a float under it', 'ratio', '0.09', false],
    ['an instant that breaks a check', 'until', '"2026-03-02T08:15:31.886717Z"', false],
    ['an instant that keeps it', 'until', '"2026-03-02T08:15:31.886718Z"', true],
    ['texts without quotes', 'texts', '"{a,b}"', true],
    ['a text that is null', 'texts', '"{a,Null}"', true],
  ])('is as sure of %s as the reference', async (_, name, value, isTaken) => {
    const page = await pageOf([
      {
        operation: 'insert',
        position: formatPosition({ epoch: 0, lsn: 9n, ordinal: 1, step: 0 }),
        committedAt: '2026-03-02T08:15:31.000999Z',
        members: Buffer.from(`"data":{"id":1,"exact":"2026-03-02T08:15:31.886717Z","${name}":${value}}`),
      },
    ])
    const { fast, reference } = bothWays(page, [everything])
    expect(fast.refused).toHaveLength(isTaken ? 0 : 1)
    expect(fast).toEqual(reference)
  })
})
