import { expect, test } from 'vitest'
import { reviewSamples } from '../../contract-tools/check/review-samples.ts'
import type { SampleFile } from '../../contract-tools/load/sample-files.ts'
import { col } from '../../core/contract/language/column.ts'
import { parseSample, type SampleKind } from '../../formatters/run-sample.ts'
import { ordersWith } from '../core/contract/any-shape.ts'
import { contractFile } from './contract-file.ts'

const file = contractFile(ordersWith({ status: col.string('State', { from: 'orderStatus' }) }), '')
const pass = (text: string, kind: SampleKind = 'pass'): SampleFile => ({
  file: `v1.case.${kind}.json`,
  shown: `samples/v1.case.${kind}.json`,
  text,
  sample: parseSample(text, kind),
  fault: undefined,
})
const fine = [
  pass(
    '{"given":{"order_id":1,"orderStatus":"x","new":2},"expect":{"_extra":"{\\"new\\":2}","order_id":"1","status":"x"}}',
  ),
  pass('{"given":{"order_id":null,"orderStatus":"x"},"expect":["order_id: must not be null"]}', 'fail'),
]
const found = (samples: readonly SampleFile[]) =>
  reviewSamples(file, samples).map(
    ({ rule, message, line, column }) => `${line}:${column} ${rule} ${message}`,
  )

test('one sample that passes and one that fails, with columns of the contract, are enough', () => {
  expect(found(fine)).toEqual([])
})

test('a version needs samples of both kinds', () => {
  expect(found([])).toEqual([
    '1:1 C108 version 1 has no pass sample',
    '1:1 C108 version 1 has no fail sample',
  ])
})

test('a misspelt column is named, with the one that is meant', () => {
  expect(found([...fine, pass('{\n  "given": {},\n  "expect": { "statsu": "x" }\n}')])).toEqual([
    '3:15 C109 statsu is no column; did you mean status?',
  ])
  expect(found([...fine, pass('{"given":{"orderStaus":"x"},"expect":{}}')])).toEqual([
    '1:11 C109 orderStaus is no column; did you mean orderStatus?',
  ])
})

test('a sample that cannot be read says what is missing', () => {
  const broken = {
    ...fine[0],
    file: 'v1.x.pass.json',
    shown: 's',
    text: '',
    sample: undefined,
    fault: 'no JSON',
  }
  expect(found([...fine, broken])).toEqual(['1:1 C110 no JSON'])
})
