import type { Column } from '../../core/contract/language/column.ts'
import { contractFolder } from '../../core/contract/language/lake-table-name.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { field, JsonNumber, type JsonObject, type JsonValue, stringifyJson } from '../../core/json.ts'
import { parseSample, runSample, type SampleKind } from '../../formatters/run-sample.ts'
import type { NewFile } from './scaffold.ts'

/**
 * A passing and a failing sample of a contract out of one source row. Samples go into a repository, so what is
 * guessed to be personal, and all text, keeps its shape and loses its content.
 */
export function maskedSamples(table: Table, data: JsonObject): readonly NewFile[] {
  const given = Object.fromEntries(
    Object.entries(table.columns).flatMap(([name, column]) => {
      const source = column.from ?? name
      const value = field(data, source)
      return value === undefined ? [] : [[source, masked(value, column)] as const]
    }),
  )
  const [key = ''] = table.primaryKey
  const noKey = { ...given, [table.columns[key]?.from ?? key]: null }
  const folder = `${contractFolder(table.name)}/samples/v${table.version}`
  return [
    { path: `${folder}.a-stored-row.pass.json`, text: sampleText(table, given, 'pass') },
    { path: `${folder}.no-key.fail.json`, text: sampleText(table, noKey, 'fail') },
  ]
}

function masked(value: JsonValue, { type, pii }: Column): JsonValue {
  if (value === null) return null
  if (type.kind === 'json')
    return typeof value === 'string' && value.trimStart().startsWith('[') ? '[]' : '{}'
  if (type.kind === 'list') return type.of.kind === 'string' || pii !== undefined ? '{}' : value
  if (type.kind === 'string' || pii !== undefined) return shapeOnly(value)
  return value
}

function shapeOnly(value: JsonValue): JsonValue {
  if (typeof value === 'number') return Number(onlyOnes(String(value)))
  if (value instanceof JsonNumber) return new JsonNumber(onlyOnes(value.text))
  if (typeof value !== 'string') return value
  /* A day must stay a day. */
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return '1990-01-01'
  if (/^\d{4}-\d{2}-\d{2}T.*Z$/.test(value)) return '1990-01-01T00:00:00.000000Z'
  return value.replace(/\p{L}/gu, 'x').replace(/\p{N}/gu, '0')
}

function onlyOnes(digits: string): string {
  return digits.replace(/\d/g, '1')
}

/* What the sample should expect is what the contract makes of it: it shows, and a reviewer judges. */
function sampleText(table: Table, given: JsonObject, kind: SampleKind): string {
  const row = stringifyJson(given)
  const sample = parseSample(`{"given":${row},"expect":${kind === 'pass' ? '{}' : '[]'}}`, kind)
  const differences = runSample(table, sample)
  const expected =
    kind === 'pass'
      ? lines(differences.map(({ column, got }) => `${JSON.stringify(column)}: ${JSON.stringify(got)}`))
      : JSON.stringify(differences.map(({ got }) => got))
  const members = Object.entries(given).map(
    ([name, value]) => `${JSON.stringify(name)}: ${stringifyJson(value)}`,
  )
  return `{\n  "given": ${lines(members)},\n  "expect": ${expected}\n}\n`
}

function lines(members: readonly string[]): string {
  return members.length === 0 ? '{}' : `{\n${members.map((member) => `    ${member}`).join(',\n')}\n  }`
}
