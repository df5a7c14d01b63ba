import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changeOf } from '../../core/change.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { parseJsonObject } from '../../core/json.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { anyImageText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

const committedAt = '2026-03-02T08:15:31.886717Z'

/** What a record says, with the values of its row as the careful parser reads them. */
function read(text: string): unknown {
  try {
    const decoded = decodeDms(Buffer.from(text), {
      epoch: 1,
      loadPositionOf: () => '0001-0000000000000001-0000000000',
    })
    if (decoded.kind !== 'change') return decoded
    const { members, ...rest } = decoded.change
    const head = `{"operation":"${rest.operation}","position":"${rest.position}","committed-at":"${committedAt}"`
    return { ...decoded, change: changeOf(decoded.table, parseJsonObject(`${head},${members.toString()}}`)) }
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return { code: error.code, message: error.message }
  }
}

const anyMetadata = fc
  .record(
    {
      timestamp: fc.constant(committedAt),
      'record-type': fc.constantFrom('data', 'data', 'control', 'x'),
      operation: fc.constantFrom('insert', 'update', 'delete', 'load', 'truncate-table', 'b"c'),
      'partition-key-value': fc.constantFrom('public.badges.1', 'é"\\'),
      'schema-name': fc.constantFrom('hr', 'h.r', 'é', 'a"b'),
      'table-name': fc.constantFrom('badges', 'awsdms_status', 'ta\nble'),
      'stream-position': fc.constantFrom('00000027/7C007328.1.00000027/7C007328', '1', null),
      'transaction-record-id': fc.constantFrom(1, 7, 1.5, null, 10 ** 15),
      'commit-timestamp': fc.constantFrom(committedAt, '2026-13-01T00:00:00Z', null),
      'row-bytes': fc.constantFrom(5, '5'),
    },
    { requiredKeys: ['timestamp'] },
  )
  .map((metadata) => JSON.stringify(metadata))

test('a record says the same on one line and with blanks, which are read in two ways', () => {
  fc.assert(
    fc.property(
      anyImageText,
      fc.option(anyImageText, { nil: undefined }),
      anyMetadata,
      fc.constantFrom('', '\n', ' \r\n'),
      (data, before, metadata, tail) => {
        const image = before === undefined ? '' : `,"before-image":${before}`
        const flat = `{"data":${data}${image},"metadata":${metadata}}${tail}`
        expect(read(flat)).toEqual(read(`{ ${flat.slice(1)}`))
      },
    ),
    { numRuns: runs(400) },
  )
})

test('a record that ends with more than blanks is refused', () => {
  const record = `{"data":{"id":1},"metadata":{"record-type":"data"}}`
  expect(read(`${record}}`)).toMatchObject({ code: 'capture/undecodable' })
  expect(read(`${record},`)).toMatchObject({ code: 'capture/undecodable' })
})
