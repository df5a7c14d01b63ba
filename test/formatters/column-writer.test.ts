import { expect, test } from 'vitest'
import { ByteWriter } from '../../core/bytes/byte-writer.ts'
import { valueKind } from '../../core/bytes/value-reader.ts'
import type { Column } from '../../core/contract/language/column.ts'
import { col } from '../../core/contract/language/column.ts'
import { columnWriterOf } from '../../formatters/column-writer.ts'

function written(column: Column, text: string, kind: number = valueKind.number): string | undefined {
  const bytes = Buffer.from(kind === valueKind.plain ? `"${text}"` : text)
  const quote = kind === valueKind.plain ? 1 : 0
  const out = new ByteWriter()
  const place = { bytes, kind, start: quote, end: bytes.length - quote }
  return columnWriterOf(column)?.(out, place) === true ? out.take().toString() : undefined
}

const share = col.decimal(20, 3, 'Bounded', { min: -1.5, max: 9 })
const texts = col.list({ kind: 'string' }, 'Texts')

test.each([
  ['-1.5', '"-1.500"'],
  ['9', '"9.000"'],
  ['9.000', '"9.000"'],
  ['9.001', undefined],
  ['-1.501', undefined],
  /* More digits than a float tells apart are the reference's, whatever they are. */
  ['0.0000000000000', undefined],
  ['1.00000000000000', undefined],
])('a bounded number is written from its bytes where it keeps its bounds: %s', (text, expected) => {
  expect(written(share, text)).toBe(expected)
})

test.each([
  ['{}', '[]'],
  ['{regular}', '["regular"]'],
  ['{a,B-2,c_3.5}', '["a","B-2","c_3.5"]'],
  ['{nulls,nul}', '["nulls","nul"]'],
  ['{NULL}', undefined],
  ['{a,nUll}', undefined],
  ['{a,}', undefined],
  ['{,a}', undefined],
  ['{a b}', undefined],
  ['{é}', undefined],
  ['[a]', undefined],
  ['{a', undefined],
  ['{', undefined],
  ['', undefined],
])('a list of plain texts is written from its bytes: %s', (text, expected) => {
  expect(written(texts, text, valueKind.plain)).toBe(expected)
})

test('a column whose rules ask for its value has no writer', () => {
  expect(columnWriterOf(col.string('Hashed', { pii: 'email' }))).toBeUndefined()
  expect(columnWriterOf(col.string('Dropped', { pii: 'nir', treatment: 'drop' }))).toBeUndefined()
  expect(columnWriterOf(col.integer('Clamped', { nullable: true, max: 10, beyond: 'clamp' }))).toBeUndefined()
  expect(columnWriterOf(col.real('Bounded real', { max: 0.1 }))).toBeUndefined()
  expect(columnWriterOf(col.list({ kind: 'string', max: 3 }, 'Short texts'))).toBeUndefined()
})
