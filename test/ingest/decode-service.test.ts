import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeOf } from '../../core/change.ts'
import { col, table } from '../../core/contract/index.ts'
import { parseJsonObject } from '../../core/json.ts'
import { parsePosition } from '../../core/position.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { decodeService } from '../../ingest/decode-service.ts'
import { runs } from '../support/budget.ts'

const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/wishes/stream/2026-11-01T00:00:00.000'
const options = {
  epoch: 1,
  tableOf: (name: string) => (name === 'wishes' ? 'availability.wishes' : undefined),
}

type Item = Readonly<Record<string, object>>

/* A record as Lambda hands it over. */
function streamRecord(
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE',
  sequence: bigint,
  { before, after }: { readonly before?: Item; readonly after?: Item },
  more: object = {},
) {
  const { id } = after ?? before ?? {}
  return {
    ...{ eventID: 'e', eventName, eventVersion: '1.1', eventSource: 'aws:dynamodb', awsRegion: 'eu-west-1' },
    dynamodb: {
      ...{
        ApproximateCreationDateTime: 1_795_000_000,
        Keys: { id },
        SequenceNumber: String(sequence).padStart(21, '0'),
      },
      ...{ SizeBytes: 99, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      ...(after === undefined ? {} : { NewImage: after }),
      ...(before === undefined ? {} : { OldImage: before }),
    },
    eventSourceARN: ARN,
    ...more,
  }
}

function changeIn(record: object) {
  const { table: name, change } = decodeService(Buffer.from(JSON.stringify(record)), options)
  const { operation, position, committedAt, members } = change
  const head = `{"operation":"${operation}","position":"${position}","committed-at":"${committedAt}"`
  const found = changeOf(name, parseJsonObject(`${head},${members}}`))
  if (found === undefined) throw new Error('no change')
  return found
}

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

const attributes: Readonly<Record<string, fc.Arbitrary<object>>> = {
  hours: fc.bigInt({ min: -(10n ** 35n), max: 10n ** 35n }).map((n) => ({ N: `${n}.5` })),
  count: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => ({ N: String(n) })),
  note: fc.oneof(
    fc.string({ unit: 'binary' }).map((S) => ({ S })),
    fc.constant({ NULL: true }),
  ),
  is_firm: fc.boolean().map((BOOL) => ({ BOOL })),
  raw: fc.uint8Array().map((bytes) => ({ B: Buffer.from(bytes).toString('base64') })),
  days: fc.array(fc.string({ unit: 'grapheme' }).map((S) => ({ S }))).map((L) => ({ L })),
  doc: fc
    .dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.string().map((S) => ({ S })),
    )
    .map((M) => ({ M })),
}
const rest = fc.record(attributes, { requiredKeys: [] })

/* What a column of an item has in the lake. */
function lakeRow(item: Item): readonly unknown[] {
  const made = codec.format(changeIn(streamRecord('INSERT', 1n, { after: item })))
  if (made.kind !== 'rows') throw new Error(JSON.stringify(made))
  return made.rows[0]?.slice(6) ?? []
}

test('G2 G4 the newest state of each key, absent columns from the change before, is the item, whatever comes twice or late', async () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b'),
    attributes: fc.option(rest, { freq: 4, nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.infiniteStream(fc.nat(1_000)), (steps, shuffle) => {
      const items = new Map<string, Item>()
      const records: object[] = []
      let sequence = 111_100_000_000_000_000_000n
      for (const { id, attributes: given } of steps) {
        const before = items.get(id)
        sequence += 17n << 40n
        if (given !== undefined) {
          const after = { id: { S: id }, ...given } as Item
          records.push(
            streamRecord(
              before === undefined ? 'INSERT' : 'MODIFY',
              sequence,
              before === undefined ? { after } : { before, after },
            ),
          )
          items.set(id, after)
        } else if (before !== undefined) {
          records.push(streamRecord('REMOVE', sequence, { before }))
          items.delete(id)
        }
      }
      const order = shuffle[Symbol.iterator]()
      const delivered = [...records, ...records.filter((_, index) => index % 2 === 0)]
        .map((one) => ({ one, at: Number(order.next().value) }))
        .toSorted((left, right) => left.at - right.at)
        .map(({ one }) => changeIn(one))
        .toSorted((left, right) =>
          left.position < right.position ? -1 : left.position > right.position ? 1 : 0,
        )
      const lake = new Map<string, readonly unknown[]>()
      for (const change of delivered) {
        const made = codec.format(change)
        if (made.kind !== 'rows') throw new Error(JSON.stringify(made))
        for (const [operation, , , , absent, , ...values] of made.rows) {
          const key = String(values[0])
          const old = lake.get(key) ?? []
          const names = Object.keys(wishes.columns)
          if (operation === 'delete') lake.delete(key)
          else
            lake.set(
              key,
              values.map((value, at) =>
                absent?.includes(names[at] ?? '') === true ? (old[at] ?? null) : value,
              ),
            )
        }
      }
      expect([...lake].toSorted()).toEqual([...items].map(([id, item]) => [id, lakeRow(item)]).toSorted())
    }),
    { numRuns: runs(60) },
  )
})

describe('a record of a DynamoDB stream', () => {
  test('keeps every digit, and says sets, lists and maps as documents', () => {
    const after = {
      ...{
        id: { S: 'a' },
        big: { N: '9007199254740993' },
        exact: { N: '-0.00000000000000000000000000000000000001' },
      },
      ...{ none: { NULL: true }, raw: { B: '3q0=' }, names: { SS: ['b', 'a'] }, sizes: { NS: ['2', '10'] } },
      deep: { M: { list: { L: [{ N: '1' }, { M: {} }, { BOOL: false }] } } },
    }
    const { members } = decodeService(
      Buffer.from(JSON.stringify(streamRecord('INSERT', 7n, { after }))),
      options,
    ).change
    expect(members).toBe(
      '"data":{"id":"a","big":9007199254740993,"exact":-0.00000000000000000000000000000000000001,"none":null,"raw":"dead",' +
        '"names":"[\\"a\\",\\"b\\"]","sizes":"[10,2]","deep":"{\\"list\\":[1,{},false]}"}',
    )
  })

  test('says null for what a change took away, and only the key for what is gone', () => {
    const before = { id: { S: 'a' }, note: { S: 'x' } }
    const modify = changeIn(streamRecord('MODIFY', 8n, { before, after: { id: { S: 'a' } } }))
    expect([modify.operation, modify.data]).toEqual(['update', { id: 'a', note: null }])
    const expired = { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }
    const remove = changeIn(streamRecord('REMOVE', 9n, { before }, expired))
    expect([remove.operation, remove.data]).toEqual(['delete', { id: 'a' }])
  })

  test('G4 sequence numbers up to 2^100 sort as positions, larger ones are refused', () => {
    const number = fc.bigInt({ min: 0n, max: (1n << 100n) - 1n })
    const at = (sequence: bigint) =>
      changeIn(streamRecord('INSERT', sequence, { after: { id: { S: 'a' } } })).position
    fc.assert(
      fc.property(number, number, (one, other) => {
        expect(at(one) < at(other)).toBe(one < other)
        expect(parsePosition(at(one)).epoch).toBe(1)
      }),
    )
    expect(() => at(1n << 100n)).toThrow('2^100')
  })

  test.each([
    ['no JSON', 'x', 'capture/undecodable'],
    [
      'of a table that nobody named',
      JSON.stringify(
        streamRecord(
          'REMOVE',
          1n,
          { before: { id: { S: 'a' } } },
          { eventSourceARN: ARN.replace('wishes', 'others') },
        ),
      ),
      'settings/invalid',
    ],
    [
      'without images',
      JSON.stringify(streamRecord('MODIFY', 1n, { after: { id: { S: 'a' } } })),
      'capture/undecodable',
    ],
    [
      'with a number that is none',
      JSON.stringify(streamRecord('INSERT', 1n, { after: { id: { N: '0x1' } } })),
      'capture/undecodable',
    ],
  ])('%s is refused by its code', (_, text, code) => {
    expect(() => decodeService(Buffer.from(text), options)).toThrow(expect.objectContaining({ code }))
  })
})
