import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import { parseJsonObject, stringifyJson } from '../../core/json.ts'
import { decodePage, encodePages } from '../../core/page.ts'
import { loadPosition } from '../../core/position.ts'
import { type DmsRecord, decodeDms } from '../../ingest/capture/decode-dms.ts'
import { anyImageText, anyText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'
import { dmsFixtures, prettyRecord, recordLine } from './dms-fixture.ts'

const load = loadPosition(3, 0x2_7c00_0000n)
const options = {
  epoch: 3,
  loadPositionOf: (table: string) => (table === 'hr.badges' ? load : undefined),
}

function decode(text: string | Buffer): DmsRecord {
  return decodeDms(typeof text === 'string' ? Buffer.from(text) : text, options)
}

function failureOf(text: string | Buffer): unknown {
  try {
    decode(text)
    return undefined
  } catch (error) {
    return error
  }
}

/* What a reader of the raw store gets of a record. */
async function stored(text: string | Buffer) {
  const decoded = decode(text)
  if (decoded.kind !== 'change') throw new Error(`a ${decoded.kind} record`)
  const [page] = await encodePages(decoded.table, { shard: 's', sequence: '1' }, [decoded.change])
  if (page === undefined) throw new Error('no page')
  const [change] = decodePage(page)
  return { page, change }
}

/* Of the changes of one transaction, in its order: the LSN of each is its own. */
const lsns = ['7c007328', '7c0073b0', '7c007438', '7c0074c0', '7c007548', '7c0075a0', '7c0075f8']
const position = (ordinal: number) => `0003-00000002${lsns[ordinal - 1]}-00000000${ordinal}0`
const committedAt = '2026-03-02T08:15:31.886717Z'
const row = {
  id: '9007199254740993',
  holder: JSON.stringify('Ada "Countess" Lovelace'),
  rate: '19.95',
  weight: '2.20000005',
  active: 'true',
  attributes: JSON.stringify('{"metadata":{"level": 7}}'),
  note: 'null',
  issued_at: '"2026-03-02T08:15:31.000001Z"',
}
const { attributes: _, ...rowWithoutToast } = row

/* Values as the source wrote them, digit for digit. */
function texts(data: Parameters<typeof stringifyJson>[0] | undefined) {
  if (data === undefined) return undefined
  return Object.fromEntries(
    Object.entries(parseJsonObject(stringifyJson(data))).map(([name, value]) => [name, stringifyJson(value)]),
  )
}

describe.each([
  ['json-unformatted', recordLine],
  ['json', prettyRecord],
])('a record in %s', (_format, record) => {
  test.each([
    ['load', { operation: 'load', position: load, committedAt: null }, row, undefined],
    ['insert', { operation: 'insert', position: position(1), committedAt }, row, undefined],
    [
      'update',
      { operation: 'update', position: position(2), committedAt },
      { ...row, rate: '20.15' },
      undefined,
    ],
    [
      'update-unchanged-toast',
      { operation: 'update', position: position(3), committedAt },
      rowWithoutToast,
      undefined,
    ],
    [
      'update-key',
      { operation: 'update', position: position(4), committedAt },
      { ...row, id: '9007199254740995' },
      { id: '9007199254740993' },
    ],
    [
      'delete',
      { operation: 'delete', position: position(5), committedAt },
      { ...Object.fromEntries(Object.keys(row).map((name) => [name, 'null'])), id: row.id },
      undefined,
    ],
    [
      'delete-key-only',
      { operation: 'delete', position: position(6), committedAt },
      { id: row.id },
      undefined,
    ],
    ['truncate-table', { operation: 'truncate', position: position(7), committedAt }, {}, undefined],
  ])('G1, G6: %s becomes the change it is', async (name, envelope, data, before) => {
    const { change } = await stored(record(name))
    expect(change).toMatchObject({ table: 'hr.badges', ...envelope })
    expect(texts(change?.data)).toEqual(data)
    expect(texts(change?.before)).toEqual(before)
  })

  test.each([
    ['create-table', { kind: 'control', table: 'hr.badges', operation: 'create-table' }],
    ['drop-table', { kind: 'control', table: 'hr.badges', operation: 'drop-table' }],
    ['awsdms-create-table', { kind: 'bookkeeping', table: '.awsdms_apply_exceptions' }],
    ['awsdms-status', { kind: 'bookkeeping', table: '.awsdms_status' }],
  ])('%s is no change', (name, expected) => {
    expect(decode(record(name))).toEqual(expected)
  })

  test('without transaction details a change has no position, and says so', () => {
    expect(failureOf(record('no-transaction-details'))).toMatchObject({ code: 'capture/no-position' })
  })
})

test('every fixture is the same record in both formats', () => {
  for (const name of dmsFixtures) {
    expect(recordLine(name)).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(recordLine(name))).toEqual(JSON.parse(prettyRecord(name).toString('utf8')))
  }
})

describe('other layouts of the same record', () => {
  const line = recordLine('update').trimEnd()
  const metadata = line.slice(line.lastIndexOf('"metadata":{'), -1)
  const images = line.slice(1, line.lastIndexOf(',"metadata":{'))
  const [data, before] = [images.slice(0, images.lastIndexOf(',"before')), '"before-image":{}']

  test.each([
    ['metadata first', `{${metadata},${images}}`],
    ['metadata in the middle', `{${data},${metadata},${before}}`],
    ['no line end', line],
    ['two line ends', `${line}\r\n\r\n`],
    ['blanks between tokens', line.replace(',"metadata":{', ', "metadata" : { ')],
    ['line breaks inside the row', line.replace('"rate":', '\n"rate":\n')],
    ['line breaks inside the before-image', line.replace('"before-image":{}', '"before-image":{\r\n}')],
    ['another member', line.replace('{"data"', '{"position":{},"data"')],
    ['another member after the row', line.replace(',"before-image"', ',"position":{},"before-image"')],
  ])('%s: the same change', async (_, text) => {
    const [known, other] = [await stored(line), await stored(text)]
    expect(other.change).toEqual(known.change)
  })
})

test('G3: a redelivered record gives the same page though its metadata.timestamp differs', async () => {
  const line = recordLine('insert')
  const later = line.replace(
    '"timestamp":"2026-03-02T08:15:33.402118Z"',
    '"timestamp":"2026-03-02T09:00:00.000000Z"',
  )
  expect(later).not.toBe(line)
  expect((await stored(later)).page).toEqual((await stored(line)).page)
})

describe('G1: what cannot be decoded is capture/undecodable', () => {
  const line = recordLine('insert')
  const broken: readonly (readonly [string, string | Buffer])[] = [
    ['nothing', ''],
    ['blanks', ' \n'],
    ['text', 'Lovelace'],
    ['an array', '["Lovelace"]'],
    ['half a record', line.slice(0, line.length / 2)],
    ['a record without its last brace', line.trimEnd().slice(0, -1)],
    ['two records', line + line],
    ['a byte order mark', `\ufeff${line}`],
    ['binary rubbish', Buffer.from([0x1f, 0x8b, 8, 0, 255, 254, 0, 1])],
    ['a row cut inside a character', Buffer.from(line.replace('Lovelace', 'Lovelacé'), 'latin1')],
    ['no metadata', '{"data":{"holder":"Lovelace"}}'],
    ['metadata that is no object', '{"data":{"holder":"Lovelace"},"metadata":"Lovelace"}'],
    ['no row', line.replace('"data":{', '"rows":{')],
    ['a row that is no object', line.replace(/"data":\{.*\},"metadata"/, '"data":["Lovelace"],"metadata"')],
    ['an unknown operation', line.replace('"operation":"insert"', '"operation":"merge"')],
    ['no operation', line.replace('"operation":"insert",', '')],
    ['no table', line.replace('"table-name":"badges",', '')],
    ['no schema', line.replace('"schema-name":"hr",', '')],
    ['an unknown record type', line.replace('"record-type":"data"', '"record-type":"rows"')],
    ['no commit time', line.replace(/"commit-timestamp":"[^"]*",/, '')],
    [
      'a commit time that is no instant',
      line.replace(/"commit-timestamp":"[^"]*"/, '"commit-timestamp":"yesterday"'),
    ],
    [
      'a commit time that would break a page',
      line.replace(/"commit-timestamp":"[^"]*"/, '"commit-timestamp":"\\"\\n"'),
    ],
  ]

  test.each(broken)('%s', (_, text) => {
    expect(failureOf(text)).toMatchObject({ code: 'capture/undecodable', action: 'quarantine' })
  })

  test.each(broken)('G7: the message about %s has no value of the row', (_, text) => {
    for (let at = failureOf(text); at instanceof Error; at = at.cause)
      expect(at.message).not.toContain('ovelac')
  })
})

describe('G4: a change without a place in the commit order is capture/no-position', () => {
  const line = recordLine('insert')
  test.each([
    ['no stream position', line.replace(/,"stream-position":"[^"]*"/, '')],
    ['no ordinal', line.replace(/"transaction-record-id":1,/, '')],
    [
      'an ordinal of 20 digits',
      line.replace(/"transaction-record-id":1,/, '"transaction-record-id":12345678901234567890,'),
    ],
    [
      'a position of another source',
      line.replace(/"stream-position":"[^"]*"/, '"stream-position":"mysql-bin.000012:4"'),
    ],
  ])('%s', (_, text) => {
    expect(failureOf(text)).toMatchObject({ code: 'capture/no-position', action: 'quarantine' })
  })
})

test('G4: a row of a load that nobody started is capture/no-load', () => {
  const text = recordLine('load').replace('"table-name":"badges"', '"table-name":"doors"')
  expect(failureOf(text)).toMatchObject({ code: 'capture/no-load', action: 'quarantine' })
})

test('G6: any row arrives digit for digit, wherever its quotes, braces and escapes are', async () => {
  const metadata = recordLine('update').match(/"metadata":\{.*\}(?=\}\n$)/)?.[0] ?? ''
  await fc.assert(
    fc.asyncProperty(anyImageText, anyImageText, fc.boolean(), async (data, before, isFirst) => {
      const images = `"data":${data},"before-image":${before}`
      const { change } = await stored(isFirst ? `{${metadata},${images}}` : `{${images},${metadata}}\n`)
      expect(change?.data).toEqual(parseJsonObject(data))
      expect(change?.before ?? {}).toEqual(parseJsonObject(before))
    }),
    { numRuns: runs(300) },
  )
})

test('G1: whatever the bytes, the decoder answers or throws a failure it can name', () => {
  const line = recordLine('update-key')
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    anyText.map((text) => Buffer.from(text)),
    fc
      .tuple(fc.nat(line.length), fc.nat(8), anyText)
      .map(([at, cut, text]) => Buffer.from(line.slice(0, at) + text + line.slice(at + cut))),
  )
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const error = failureOf(bytes)
      if (error !== undefined) expect(error).toBeInstanceOf(PipelineError)
    }),
    { numRuns: runs(1500) },
  )
})

test('G1: whatever an accepted record is, its page can be read back', async () => {
  const line = recordLine('update-key')
  await fc.assert(
    fc.asyncProperty(fc.nat(line.length), fc.nat(4), anyText, async (at, cut, text) => {
      const bytes = Buffer.from(line.slice(0, at) + text + line.slice(at + cut))
      if (failureOf(bytes) === undefined && decode(bytes).kind === 'change')
        expect((await stored(bytes)).change).toBeDefined()
    }),
    { numRuns: runs(1500) },
  )
})
