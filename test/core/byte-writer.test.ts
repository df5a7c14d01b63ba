import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../core/bytes/byte-writer.ts'

describe('the byte writer', () => {
  test('writes any text as the JSON string that reads back as it, whatever the slab', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 64 }), (texts, slab) => {
        const out = new ByteWriter(slab)
        const records = texts.map((text) => {
          const bytes = Buffer.from(text)
          out.jsonString(bytes, 0, bytes.length)
          out.byte(0x0a)
          return out.take()
        })
        expect(records.map((record) => JSON.parse(record.toString()))).toEqual(texts)
      }),
    )
  })

  test('escapes nothing but what JSON forbids', () => {
    const out = new ByteWriter()
    out.jsonText('"\\/\b\f\n\r\t\u0000\u001f\u007fé\u2028')
    expect(out.take().toString()).toBe('"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007fé\u2028"')
  })

  test('never touches a record that it has handed out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1 }), (lengths) => {
        const out = new ByteWriter(64)
        const records = lengths.map((length, i) => {
          out.bytes(Buffer.alloc(length, i))
          return out.take()
        })
        expect(records).toEqual(lengths.map((length, i) => Buffer.alloc(length, i)))
      }),
    )
  })

  test('G9 gives back the room that a large record needed, when it is undone', () => {
    const out = new ByteWriter(1024)
    out.bytes(Buffer.alloc(5 << 20))
    expect(out.view().buffer.byteLength).toBeGreaterThan(5 << 20)
    out.clear()
    out.ascii('next')
    expect(out.view().toString()).toBe('next')
    expect(out.view().buffer.byteLength).toBe(1024)
  })
})
