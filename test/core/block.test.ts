import { expect, test } from 'vitest'
import { asRecord, type BlockLabel, decodeBlockHeader, encodeBlockHeader } from '../../core/block.ts'

const header = { table: 'workforce.shifts', version: 2, columns: ['shift_id', 'notes'] }

test('a header is one line and gives back what it says', () => {
  const line = encodeBlockHeader(header)
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(line.startsWith('{')).toBe(true)
  expect(decodeBlockHeader(line)).toEqual(header)
})

const label: BlockLabel = {
  origin: 'page',
  page: 'workforce.shifts#équipe',
  ordinal: 0,
  changes: 2,
  rows: 3,
  first: '0001',
  last: '0002',
  digest: '0123456789abcdef',
}

test('a header with a label gives it back; one line, too', () => {
  const line = encodeBlockHeader({ ...header, label })
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(decodeBlockHeader(line)).toEqual({ ...header, label })
})

test.each([
  ['a text', 'label'],
  ['null', null],
  ['another origin', { ...label, origin: 'load' }],
  ['changes that are no number', { ...label, changes: '2' }],
  ['rows below zero', { ...label, rows: -1 }],
  ['a record that is none', { ...label, isRecord: false }],
  ['without digest', { ...label, digest: undefined }],
])('a label that is %s is refused', (_, value) => {
  expect(() => decodeBlockHeader(JSON.stringify({ block: 1, ...header, label: value }))).toThrow(SyntaxError)
})

test('a row is no header', () => {
  expect(decodeBlockHeader('["insert","Ada"]')).toBeUndefined()
})

test.each([
  ['another format', { block: 2, ...header }],
  ['no table', { block: 1, version: 2, columns: [] }],
  ['a version that is no integer', { block: 1, ...header, version: 1.5 }],
  ['columns that are no list', { block: 1, ...header, columns: 'Ada' }],
  ['a column that is no name', { block: 1, ...header, columns: [1] }],
  ['null', null],
])('%s is refused', (_, value) => {
  expect(() => decodeBlockHeader(JSON.stringify(value))).toThrow(SyntaxError)
})

test.each(['', 'Ada,Lovelace', '{"Ada":', '"Ada"'])('G7: %j is refused, and not quoted', (line) => {
  expect(() => decodeBlockHeader(line)).toThrow(
    new SyntaxError('block: neither a header of format 1 nor a row'),
  )
})

test('a block as the record of its page has the same rows and says so; one that would be too large is none', () => {
  const rows = '["i","0001",0,1]\n["i","0002",0,2]\n'
  const text = Buffer.from(encodeBlockHeader({ ...header, label }) + rows)
  const block = { table: header.table, version: header.version, rows: 2, text, label }
  const record = asRecord(block, 1_000)
  const told = { ...label, isRecord: true }
  expect(record).toMatchObject({ ...block, text: expect.anything(), label: told })
  const [line = '', ...rest] = record?.text.toString().split(/(?<=\n)/) ?? []
  expect(decodeBlockHeader(line)).toEqual({ ...header, label: told })
  expect(rest.join('')).toBe(rows)
  expect(asRecord(block, record?.text.length ?? 0)).toEqual(record)
  expect(asRecord(block, (record?.text.length ?? 0) - 1)).toBeUndefined()
  expect(asRecord({ ...block, text: Buffer.from(encodeBlockHeader(header) + rows) }, 1_000)).toBeUndefined()
})
