import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { systemColumns } from '../core/contract/language/lake-row.ts'
import type { Table } from '../core/contract/language/table.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../core/json.ts'
import { type Formatted, rowCodec } from './row-codec.ts'

/** `pass`: the lake values a row becomes, after masking; `fail`: the reasons it is refused for, in order. */
export type SampleKind = 'pass' | 'fail'

/** One value that is not as the sample says; undefined where there is none. */
export interface SampleDifference {
  /** Lake column, or the column of a reason; empty for the row as a whole. */
  readonly column: string
  readonly expected: unknown
  readonly got: unknown
}

export interface Sample {
  readonly kind: SampleKind
  readonly operation: 'load' | 'insert' | 'update' | 'delete'
  /** The data of a DMS record. */
  readonly given: JsonObject
  /** Lake values by column, with `_absent` and `_extra` where there are any; or reasons. */
  readonly expect: Readonly<Record<string, unknown>> | readonly string[]
}

const reasons = z.array(z.string())
const values = z.record(z.string(), z.unknown())
const operations = z.enum(['load', 'insert', 'update', 'delete']).default('insert')
/* Hashes of samples are made with a key of zeros, so that everyone gets the same. */
const sampleKey = new Uint8Array(32)

/** Reads a sample file. Throws SyntaxError, which says what is missing. */
export function parseSample(text: string, kind: SampleKind): Sample {
  /* Our own parser for what is given: JSON.parse would round the 64-bit ids that samples are there to show. */
  const { given } = parseJsonObject(text)
  if (!isJsonObject(given)) throw new SyntaxError('a sample needs "given", the data of a DMS record')
  const file = z.object({ operation: operations, expect: z.unknown() }).safeParse(JSON.parse(text))
  if (!file.success) throw new SyntaxError('"operation" is load, insert, update or delete')
  const { operation, expect } = file.data
  const wanted = kind === 'pass' ? values.safeParse(expect) : reasons.safeParse(expect)
  if (!wanted.success)
    throw new SyntaxError(
      kind === 'pass' ? '"expect" is an object, the lake row' : '"expect" is a list of reasons, as text',
    )
  return { kind, operation, given, expect: wanted.data }
}

/** Formats the row of a sample with its contract, as the pipeline does, and says what came out differently. */
export function runSample(table: Table, sample: Sample): readonly SampleDifference[] {
  const formatted = rowCodec(table, sampleKey).format({
    table: table.source.table,
    operation: sample.operation,
    position: '',
    committedAt: '2026-03-02T08:15:31.000000Z',
    data: sample.given,
    before: undefined,
  })
  const { expect } = sample
  if (Array.isArray(expect)) return compareReasons(expect, reasonsOf(formatted))
  if (formatted.kind === 'refused' || formatted.rows.length !== 1)
    return compareReasons([], reasonsOf(formatted))
  return compareValues(new Map(Object.entries(expect)), lakeValues(table, formatted))
}

function compareReasons(expected: readonly string[], got: readonly string[]): readonly SampleDifference[] {
  const missing = expected.filter((reason) => !got.includes(reason))
  const surplus = got.filter((reason) => !expected.includes(reason))
  if (missing.length === 0 && surplus.length === 0 && !isDeepStrictEqual(expected, got))
    return [{ column: '', expected, got }]
  return [
    ...missing.map((reason) => ({ column: columnOf(reason), expected: reason, got: undefined })),
    ...surplus.map((reason) => ({ column: columnOf(reason), expected: undefined, got: reason })),
  ]
}

function columnOf(reason: string): string {
  return reason.slice(0, Math.max(reason.indexOf(': '), 0))
}

function compareValues(
  expected: ReadonlyMap<string, unknown>,
  got: ReadonlyMap<string, unknown>,
): readonly SampleDifference[] {
  return [...new Set([...got.keys(), ...expected.keys()])].flatMap((column) => {
    const pair = { column, expected: expected.get(column), got: got.get(column) }
    return isDeepStrictEqual(pair.expected, pair.got) ? [] : [pair]
  })
}

function lakeValues(table: Table, { rows }: Formatted & { kind: 'rows' }): ReadonlyMap<string, unknown> {
  const [row] = rows
  const [, , , , absent = null, extra = null] = row ?? []
  return new Map<string, unknown>([
    ...(absent === null ? [] : [['_absent', absent] as const]),
    ...(extra === null ? [] : [['_extra', extra] as const]),
    ...rowCodec(table, sampleKey).columns.map(
      (name, index) => [name, row?.[systemColumns.length + index]] as const,
    ),
  ])
}

function reasonsOf(formatted: Formatted): readonly string[] {
  if (formatted.kind === 'rows') return formatted.rows.length === 1 ? ['accepted'] : ['made two rows']
  return formatted.reasons.map(({ path, message }) => `${path}: ${message}`)
}
