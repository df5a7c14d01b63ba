import { describe, expect, test } from 'vitest'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { typeName } from '../../core/contract/value/type.ts'
import { decodePage, encodePages } from '../../core/page.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { type DmsExample, type DmsRendering, dmsRenderings } from './dms-renderings.ts'

function tableOf({ type, nullable = true }: DmsExample): Table {
  const plain = { pii: undefined, treatment: 'clear' as const, from: undefined }
  const open = { min: undefined, max: undefined, check: undefined }
  const column = { ...plain, ...open, description: 'a column of the test' }
  return {
    name: 'test.renderings',
    version: 1,
    owner: 'test',
    description: 'One column beside its key',
    source: { system: 'test', table: 'public.renderings' },
    primaryKey: ['id'],
    partitionBy: {},
    unknownFields: 'keep',
    columns: {
      id: { ...column, type: { kind: 'integer' }, nullable: false },
      v: { ...column, type, nullable },
    },
  }
}

/* From the record of the stream to the lake row. */
async function lakeOf(example: DmsExample): Promise<DmsExample['lake']> {
  const { wire, operation = 'insert' } = example
  const data = wire === undefined ? '{"id":1}' : `{"id":1,"v":${wire}}`
  const record = `{"data":${data},"metadata":{"record-type":"data","operation":"${operation}","schema-name":"public","table-name":"renderings","transaction-id":1,"transaction-record-id":1,"commit-timestamp":"2026-03-02T08:15:31.000001Z","stream-position":"00000002/7C007328.2.00000002/7C007328"}}`
  const decoded = decodeDms(Buffer.from(record), { epoch: 1, loadPositionOf: () => undefined })
  if (decoded.kind !== 'change') throw new Error('the record is no change')
  const [page] = await encodePages(decoded.table, { shard: 's', sequence: '1' }, [decoded.change])
  const [change] = page === undefined ? [] : decodePage(page)
  if (change === undefined) throw new Error('the page has no change')
  const formatted = rowCodec(tableOf(example), Buffer.alloc(32)).format(change)
  if (formatted.kind === 'refused') return 'quarantined'
  const [row] = formatted.rows
  return row?.[4]?.includes('v') ? 'absent' : { value: row?.[systemColumns.length + 1] }
}

/* An absent column keeps the value before it, which is the truth only when nothing changed. */
function isRight({ truth, lake }: DmsExample): boolean {
  return typeof lake === 'object' && JSON.stringify(lake.value) === JSON.stringify(truth)
}

const isQuarantined = ({ lake }: DmsExample) => lake === 'quarantined'
const isSilent = (example: DmsExample) => !isRight(example) && !isQuarantined(example)

/* The fate that the examples show: the page must not promise more. */
function fateOf(examples: readonly DmsExample[]): DmsRendering['fate'] {
  if (examples.every(isRight)) return 'accepted'
  if (!examples.some(isSilent)) return 'detected'
  return examples.some(isQuarantined) ? 'partly detected' : 'not detectable'
}

describe.each(dmsRenderings)('DMS: $what', ({ examples, fate }) => {
  test.each(examples.map((example) => ({ ...example, name: typeName(example.type) })))(
    'a $name that arrives as $wire',
    async (example) => {
      expect(await lakeOf(example)).toEqual(example.lake)
    },
  )

  test(`is ${fate}, as the page says`, () => {
    expect(fateOf(examples)).toBe(fate)
  })
})
