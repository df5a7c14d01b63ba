import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Change, changeOf } from '../../core/change.ts'
import { col, table } from '../../core/contract/index.ts'
import { parseJsonObject } from '../../core/json.ts'
import { parsePosition } from '../../core/position.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import { routeOf } from '../../formatters/route.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { decodeService } from '../../ingest/capture/decode-service.ts'
import { runs } from '../support/budget.ts'
import { type Item, itemRecord, wishesArn } from './service-records.ts'

const tableOf = (name: string) => (name === 'wishes' ? 'availability.wishes' : undefined)
const decoded = (record: object) => decodeService(Buffer.from(JSON.stringify(record)), { epoch: 1, tableOf })

function changeIn(record: object): Change {
  const { table: name, change } = decoded(record)
  const { operation, position, committedAt, members } = change
  const head = `{"operation":"${operation}","position":"${position}","committed-at":"${committedAt}"`
  const found = changeOf(name, parseJsonObject(`${head},${members}}`))
  if (found === undefined) throw new Error('no change')
  return found
}
const inserted = (attributes: Item) =>
  changeIn(itemRecord('INSERT', 1n, { after: { id: { S: 'a' }, ...attributes } }))

const wishes = table({
  name: 'availability.wishes',
  version: 1,
  owner: 'tests',
  description: 'When people can work',
  source: { system: 'availability-service', table: 'availability.wishes' },
  primaryKey: ['id'],
  unknownFields: 'quarantine',
  columns: {
    id: col.string('Key'),
    hours: col.decimal(38, 2, 'Hours', { nullable: true }),
    count: col.bigint('Count', { nullable: true }),
    note: col.string('Note', { nullable: true }),
    is_firm: col.boolean('Firm', { nullable: true }),
    raw: col.binary('Bytes', { nullable: true }),
    days: col.list({ kind: 'string' }, 'Days', { nullable: true }),
    doc: col.json('Anything', { nullable: true }),
  },
})
const codec = rowCodec(wishes, Buffer.alloc(32))

/* An attribute, and its column in the lake. */
const values = fc.record({
  hours: fc.bigInt({ min: -(10n ** 35n), max: 10n ** 35n }).map((n) => [{ N: `${n}.5` }, `${n}.50`] as const),
  count: fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((n) => [{ N: String(n) }, String(n)] as const),
  note: fc.string({ unit: 'grapheme' }).map((text) => [{ S: text }, text] as const),
  is_firm: fc.boolean().map((value) => [{ BOOL: value }, value] as const),
  raw: fc
    .uint8Array()
    .map(
      (bytes) => [{ B: Buffer.from(bytes).toString('base64') }, Buffer.from(bytes).toString('hex')] as const,
    ),
  days: fc
    .array(fc.option(fc.string({ unit: 'grapheme' })))
    .map(
      (list) => [{ L: list.map((text) => (text === null ? { NULL: true } : { S: text })) }, list] as const,
    ),
  doc: fc
    .uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat()), { selector: ([name]) => name })
    .map(
      (entries) =>
        [
          { M: Object.fromEntries(entries.map(([name, n]) => [name, { N: String(n) }])) },
          `{${entries
            .toSorted(([left], [right]) => (left < right ? -1 : 1))
            .map(([name, n]) => `${JSON.stringify(name)}:${n}`)
            .join(',')}}`,
        ] as const,
    ),
})

test('G5 the attributes of an item are the values of its columns', () => {
  fc.assert(
    fc.property(values, (given) => {
      const attributes = Object.fromEntries(
        Object.entries(given).map(([name, [attribute]]) => [name, attribute]),
      )
      const made = codec.format(inserted(attributes))
      const wanted = Object.keys(wishes.columns).map((name) =>
        name === 'id' ? 'a' : given[name as keyof typeof given][1],
      )
      expect(made.kind === 'rows' ? made.rows[0]?.slice(6) : made).toEqual(wanted)
    }),
    { numRuns: runs(100) },
  )
})

describe('a record of a DynamoDB stream', () => {
  test('keeps every digit, and says sets, lists and maps as documents in one order', () => {
    const after = {
      id: { S: 'a' },
      big: { N: '9007199254740993' },
      exact: { N: '-0.00000000000000000000000000000000000001' },
      none: { NULL: true },
      raw: { B: '3q0=' },
      names: { SS: ['b', 'a'] },
      sizes: { NS: ['2', '10'] },
      deep: { M: { list: { L: [{ N: '1' }, { M: {} }, { BOOL: false }] }, first: { BS: ['3q0='] } } },
    }
    expect(decoded(itemRecord('INSERT', 7n, { after })).change.members.toString()).toBe(
      '"data":{"big":9007199254740993,"deep":"{\\"first\\":[\\"dead\\"],\\"list\\":[1,{},false]}",' +
        '"exact":-0.00000000000000000000000000000000000001,"id":"a","names":"[\\"a\\",\\"b\\"]","none":null,' +
        '"raw":"dead","sizes":"[10,2]"},"whole":true',
    )
  })

  test('keeps attributes of any name', () => {
    const record = JSON.stringify(itemRecord('INSERT', 7n, { after: { id: { S: 'a' }, proto: { N: '1' } } }))
    const named = record.replaceAll('"proto"', '"__proto__"')
    const { members } = decodeService(Buffer.from(named), { epoch: 1, tableOf }).change
    expect(members.toString()).toContain('"__proto__":1')
  })

  test('G2 is a whole row, so a change that took an attribute away has none; of what is gone it says the key', () => {
    const before = { id: { S: 'a' }, note: { S: 'x' } }
    const modify = changeIn(itemRecord('MODIFY', 8n, { before, after: { id: { S: 'a' } } }))
    expect(modify).toMatchObject({ operation: 'update', data: { id: 'a' }, isWhole: true })
    const made = codec.format(modify)
    expect(made.kind === 'rows' && made.rows[0]?.slice(4)).toEqual([null, null, 'a', ...Array(7).fill(null)])
    const expired = { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }
    const remove = changeIn(itemRecord('REMOVE', 9n, { before }, expired))
    expect([remove.operation, remove.data]).toEqual(['delete', { id: 'a' }])
  })

  test('G1 is still whole when it was refused and is read from quarantine', () => {
    const after = { id: { S: 'a' }, count: { S: 'many' } }
    const change = changeIn(itemRecord('MODIFY', 8n, { before: after, after }))
    const { refused } = formatChanges([change], [routeOf(wishes, Buffer.alloc(32))], {
      maxBlockBytes: 1 << 20,
    })
    const [{ payload, table: name } = { payload: '{}', table: '' }] = refused
    expect(changeOf(String(name), parseJsonObject(payload))).toEqual(change)
  })

  test('G4 sequence numbers up to 2^100 sort as positions, larger ones are refused', () => {
    const number = fc.bigInt({ min: 0n, max: (1n << 100n) - 1n })
    const at = (sequence: bigint) =>
      changeIn(itemRecord('INSERT', sequence, { after: { id: { S: 'a' } } })).position
    fc.assert(
      fc.property(number, number, (one, other) => {
        expect(at(one) < at(other)).toBe(one < other)
        const { epoch, lsn, ordinal } = parsePosition(at(one))
        expect([epoch, (lsn << 36n) | BigInt(ordinal)]).toEqual([1, one])
      }),
      { numRuns: runs(100) },
    )
    expect(() => at(1n << 100n)).toThrow(expect.objectContaining({ code: 'capture/no-position' }))
  })

  const after = { id: { S: 'a' } }
  const insert = (more: object) => itemRecord('INSERT', 1n, { after }, more)
  const { dynamodb } = insert({})
  test.each<[string, object, string]>([
    ['no JSON object', [], 'capture/undecodable'],
    ['of no known event', { ...insert({}), eventName: 'UPSERT' }, 'capture/undecodable'],
    ['of something else', insert({ eventSourceARN: 'arn:aws:kinesis:x' }), 'capture/undecodable'],
    ['without its image', itemRecord('MODIFY', 1n, { before: after }), 'capture/undecodable'],
    [
      'with a number that is none',
      itemRecord('INSERT', 1n, { after: { id: { N: '0x1' } } }),
      'capture/undecodable',
    ],
    [
      'with bytes that are none',
      itemRecord('INSERT', 1n, { after: { id: { B: '3q0' } } }),
      'capture/undecodable',
    ],
    ['of an unknown type', itemRecord('INSERT', 1n, { after: { id: { X: '1' } } }), 'capture/undecodable'],
    [
      'of no time',
      insert({ dynamodb: { ...dynamodb, ApproximateCreationDateTime: 1e20 } }),
      'capture/undecodable',
    ],
    ['without a sequence', insert({ dynamodb: { ...dynamodb, SequenceNumber: 'x' } }), 'capture/no-position'],
    [
      'of a table that nobody named',
      insert({ eventSourceARN: wishesArn.replace('wishes', 'others') }),
      'settings/invalid',
    ],
    [
      'of a stream of keys',
      insert({ dynamodb: { ...dynamodb, StreamViewType: 'KEYS_ONLY' } }),
      'source/stream-view',
    ],
    [
      'of a stream of old images',
      insert({ dynamodb: { ...dynamodb, StreamViewType: 'OLD_IMAGE' } }),
      'source/stream-view',
    ],
  ])('%s is refused by its code', (_, record, code) => {
    expect(() => decoded(record)).toThrow(expect.objectContaining({ code }))
  })
})
