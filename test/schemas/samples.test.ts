import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { SYSTEM_VALUES } from '../../core/block.ts'
import type { Operation } from '../../core/change.ts'
import type { Table } from '../../core/contract/table.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../../core/json.ts'
import { type Formatted, rowCodec } from '../../formatters/row-codec.ts'
import { tables } from '../../schemas/index.ts'

const root = fileURLToPath(new URL('../../schemas/', import.meta.url))
const maskKey = new Uint8Array(32)

interface Sample {
  /** What happened to the row; only an update may leave columns out. */
  readonly operation?: Operation
  /** Lake values after masking, with `_absent` and `_extra` where there are any; or the reasons, in order. */
  readonly expect: Readonly<Record<string, unknown>> | readonly string[]
}

describe.each(tables)('$name v$version', (table) => {
  const folder = `${root}${table.name.replace('.', '/')}/samples/`
  const files = readdirSync(folder).filter((file) => file.startsWith(`v${table.version}.`))

  test('has two passing and two failing samples', () => {
    expect(files.filter((file) => file.endsWith('.pass.json')).length).toBeGreaterThanOrEqual(2)
    expect(files.filter((file) => file.endsWith('.fail.json')).length).toBeGreaterThanOrEqual(2)
    expect(files.filter((file) => !/^v\d+\.[a-z0-9-]+\.(pass|fail)\.json$/.test(file))).toEqual([])
  })

  test.each(files)('%s', (file) => {
    const text = readFileSync(folder + file, 'utf8')
    const sample = JSON.parse(text) as Sample
    const formatted = format(table, sample.operation ?? 'insert', givenOf(text))
    if (file.endsWith('.pass.json')) expect(lakeValues(table, formatted)).toEqual(sample.expect)
    else expect(reasonsOf(formatted)).toEqual(sample.expect)
  })
})

/* Parsed by our own parser: JSON.parse would round the 64-bit ids that samples are there to show. */
function givenOf(text: string): JsonObject {
  const { given } = parseJsonObject(text)
  if (!isJsonObject(given)) throw new TypeError('a sample needs "given", the data of a DMS record')
  return given
}

function format(table: Table, operation: Operation, data: JsonObject): Formatted {
  return rowCodec(table, maskKey).format({
    table: table.source.table,
    operation,
    position: '',
    committedAt: '2026-03-02T08:15:31.000000Z',
    data,
    before: undefined,
  })
}

/* A refused row gives its reasons, so that a failing test says why. */
function lakeValues(table: Table, formatted: Formatted): unknown {
  if (formatted.kind === 'refused' || formatted.rows.length !== 1) return reasonsOf(formatted)
  const [row] = formatted.rows
  const names = rowCodec(table, maskKey).columns
  const values = names.map((name, index) => [name, row?.[SYSTEM_VALUES + index]])
  return {
    ...(row?.[4] === null ? {} : { _absent: row?.[4] }),
    ...(row?.[5] === null ? {} : { _extra: row?.[5] }),
    ...Object.fromEntries(values),
  }
}

function reasonsOf(formatted: Formatted): readonly string[] {
  if (formatted.kind === 'rows') return ['accepted']
  return formatted.reasons.map(({ path, message }) => `${path}: ${message}`)
}
