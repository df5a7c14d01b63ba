import { describe, expect, test } from 'vitest'
import { PgoutputDecoder } from '../../../engine/postgres/records/pgoutput-decoder.ts'
import { NULL, TEXT, UNCHANGED } from '../../../engine/postgres/records/tuple-view.ts'

const int8 = (value: number) => Buffer.from([value])
const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}
const text = (value: string) => Buffer.from(`${value}\0`)
const value = (content: string) => [Buffer.from('t'), int32(Buffer.byteLength(content)), Buffer.from(content)]
const message = (type: string, ...parts: (Buffer | Buffer[])[]) =>
  Buffer.concat([Buffer.from(type), ...parts.flat()])

const messages = {
  begin: message('B', int64(0x1_0000_0002n), int64(5n), int32(77)),
  commit: message('C', int8(0), int64(1n), int64(2n), int64(3n)),
  origin: message('O', int64(1n), text('elsewhere')),
  relation: message('R', int32(9), text('public'), text('né'), Buffer.from('d'), int16(2), [
    int8(1),
    text('id'),
    int32(23),
    int32(-1),
    int8(0),
    text('pay'),
    int32(1700),
    int32(524_294),
  ]),
  type: message('Y', int32(16_400), text('hr'), text('mood')),
  insert: message('I', int32(9), Buffer.from('N'), int16(3), value('42'), Buffer.from('n'), Buffer.from('u')),
  'update with the old key': message(
    'U',
    int32(9),
    Buffer.from('K'),
    int16(1),
    value('1'),
    Buffer.from('N'),
    int16(1),
    value('2'),
  ),
  'update with the old row': message(
    'U',
    int32(9),
    Buffer.from('O'),
    int16(1),
    value('1'),
    Buffer.from('N'),
    int16(1),
    value('2'),
  ),
  'update without it': message('U', int32(9), Buffer.from('N'), int16(1), value('2')),
  delete: message('D', int32(9), Buffer.from('K'), int16(1), value('1')),
  truncate: message('T', int32(2), int8(3), int32(9), int32(10)),
  message: message('M', int8(1), int64(1n), text('prefix'), int32(3), Buffer.from('abc')),
} satisfies Record<string, Buffer>

const decode = (bytes: Buffer, offset = 0) => new PgoutputDecoder().decode(bytes, offset)

describe('the decoder', () => {
  test('reads every kind of message', () => {
    expect(Object.values(messages).map((bytes) => decode(bytes))).toEqual([
      { kind: 'begin', commitLsn: 0x1_0000_0002n, commitMicros: 5n, xid: 77 },
      { kind: 'commit', commitLsn: 1n, endLsn: 2n },
      { kind: 'origin', name: 'elsewhere' },
      {
        kind: 'relation',
        oid: 9,
        schema: 'public',
        name: 'né',
        identity: 'd',
        columns: [
          { name: 'id', typeOid: 23, typeModifier: -1, isKey: true },
          { name: 'pay', typeOid: 1700, typeModifier: 524_294, isKey: false },
        ],
      },
      { kind: 'type', oid: 16_400, schema: 'hr', name: 'mood' },
      { kind: 'insert', oid: 9, old: 'none' },
      { kind: 'update', oid: 9, old: 'key' },
      { kind: 'update', oid: 9, old: 'full' },
      { kind: 'update', oid: 9, old: 'none' },
      { kind: 'delete', oid: 9, old: 'key' },
      { kind: 'truncate', oids: [9, 10] },
      { kind: 'message', transactional: true, prefix: 'prefix' },
    ])
  })

  test('keeps null, unchanged and text apart', () => {
    const decoder = new PgoutputDecoder()
    decoder.decode(Buffer.concat([Buffer.from('skipped'), messages.insert]), 7)
    expect([0, 1, 2, 3].map((column) => decoder.row.kind(column))).toEqual([TEXT, NULL, UNCHANGED, NULL])
    expect(decoder.row.text(0)).toBe('42')
    decoder.decode(messages['update with the old key'])
    expect([decoder.oldRow.text(0), decoder.row.text(0)]).toEqual(['1', '2'])
  })

  test.each(Object.entries(messages))('refuses a cut %s at every length', (_, bytes) => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decode(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'source/protocol' }),
      )
  })

  test('refuses kinds of messages, rows and columns that it does not know', () => {
    for (const bytes of [
      message('S'),
      message('I', int32(9), Buffer.from('O'), int16(0)),
      message('U', int32(9), Buffer.from('X'), int16(0)),
      message('D', int32(9), Buffer.from('N'), int16(0)),
      message('I', int32(9), Buffer.from('N'), int16(1), Buffer.from('b'), int32(1), Buffer.from('x')),
    ])
      expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'source/protocol' }))
  })
})
