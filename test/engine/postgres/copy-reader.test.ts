import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CopyReader } from '../../../engine/postgres/copy/copy-reader.ts'
import { NULL } from '../../../engine/postgres/records/tuple-view.ts'

/* COPY's text format as its documentation describes it, written the slow and obvious way. */
function encode(rows: readonly (readonly (string | null)[])[]): Buffer {
  const letters: Record<string, string> = {
    '\b': 'b',
    '\f': 'f',
    '\n': 'n',
    '\r': 'r',
    '\t': 't',
    '\v': 'v',
    '\\': '\\',
  }
  const field = (value: string | null) =>
    value === null ? '\\N' : value.replace(/[\b\f\n\r\t\v\\]/g, (character) => `\\${letters[character]}`)
  return Buffer.from(rows.map((row) => `${row.map(field).join('\t')}\n`).join(''))
}

function read(chunks: readonly Buffer[], columns: number): (string | null)[][] {
  const reader = new CopyReader(columns)
  const rows: (string | null)[][] = []
  for (const chunk of chunks)
    reader.push(Buffer.from(chunk), (row) =>
      rows.push(Array.from({ length: columns }, (_, i) => (row.kind(i) === NULL ? null : row.text(i)))),
    )
  reader.end()
  return rows
}

const awkward = fc.string({
  unit: fc.constantFrom('\\', 'N', 'n', '\n', '\t', '\r', '\b', '\f', '\v', '.', 'é', '😀', '"', 'a'),
})
const cell = fc.option(fc.oneof(awkward, fc.string({ unit: 'grapheme' })))

describe('COPY text', () => {
  test('gives back every value, however the chunks are cut', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((columns) =>
            fc.tuple(
              fc.constant(columns),
              fc.array(fc.array(cell, { minLength: columns, maxLength: columns })),
            ),
          ),
        fc.array(fc.nat(200)),
        ([columns, rows], cuts) => {
          const bytes = encode(rows)
          const places = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b)
          const chunks = [0, ...places].map((start, i) => bytes.subarray(start, places[i] ?? bytes.length))
          expect(read(chunks, columns)).toEqual(rows)
        },
      ),
    )
  })

  test('tells null from the text that looks like it', () => {
    expect(read([Buffer.from('\\N\t\\\\N\tN\t\n')], 4)).toEqual([[null, '\\N', 'N', '']])
  })

  test('refuses a row of another width and an end inside a row', () => {
    expect(() => read([Buffer.from('a\n')], 2)).toThrow(expect.objectContaining({ code: 'source/protocol' }))
    expect(() => read([Buffer.from('a\tb\tc\n')], 2)).toThrow(
      expect.objectContaining({ code: 'source/protocol' }),
    )
    expect(() => read([Buffer.from('a\tb')], 2)).toThrow(expect.objectContaining({ code: 'source/protocol' }))
  })
})
