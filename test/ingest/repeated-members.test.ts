import { describe, expect, test } from 'vitest'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'

const committedAt = '2026-03-02T08:15:31.886717Z'

function decode(text: string) {
  return decodeDms(Buffer.from(text), { epoch: 1, loadPositionOf: () => undefined })
}

describe('a member that stands twice', () => {
  const metadata = `"metadata":{"timestamp":"${committedAt}","record-type":"data","operation":"insert","schema-name":"hr","table-name":"badges","stream-position":"00000027/7C007328.1.00000027/7C007328","transaction-record-id":1,"commit-timestamp":"${committedAt}"}`

  test.each([
    ['data', `{"data":{"id":1},"data":{"id":2},${metadata}}`],
    ['data, behind an escape', `{"data":{"id":1},"d\\u0061ta":{"id":2},${metadata}}`],
    ['data, broken over lines', `{"data":{"id":1},\n"data" : {"id":2},\n${metadata}}`],
    ['a column', `{"data":{"id":1,"id":2},${metadata}}`],
    ['a column of the image before', `{"data":{"id":1},"before-image":{"id":2,"id":3},${metadata}}`],
    ['metadata', `{"data":{"id":1},${metadata},${metadata}}`],
    [
      'a member of metadata',
      `{"data":{"id":1},${metadata.replace('"operation"', '"operation":"delete","operation"')}}`,
    ],
    ['a member of a nested value', `{"data":{"id":1,"at":{"a":1,"a":2}},${metadata}}`],
  ])('is refused: %s', (_what, text) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({
        code: 'capture/undecodable',
        message: 'a member stands twice in one object',
      }),
    )
  })

  test('is refused also where the first one is nested beyond what a page can be read with', () => {
    const text = `{"data":{"id":${'['.repeat(300)}${']'.repeat(300)}},"data":{"id":2},${metadata}}`
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'capture/undecodable' }))
  })

  test.each([
    [
      'texts that look like members',
      `{"data":{"id":1,"v":"\\"id\\":2,\\\\","w":":\\"data\\":{"},${metadata}}`,
    ],
    ['a name that ends with a backslash', `{"data":{"id\\\\":1,"id":"\\\\"},${metadata}}`],
    ['one name in two objects', `{"data":{"id":1},"before-image":{"id":2},${metadata}}`],
  ])('is not seen in %s', (_what, text) => {
    expect(decode(text)).toMatchObject({ kind: 'change', change: { operation: 'insert' } })
  })
})
