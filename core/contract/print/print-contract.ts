import { PipelineError } from '../../failures/failures.ts'
import { guessPii } from '../infer/guess-pii.ts'
import { unassigned } from '../infer/infer-table.ts'
import type { Column } from '../language/column.ts'
import { splitLakeName } from '../language/lake-table-name.ts'
import type { RowCheck } from '../language/row-check.ts'
import type { PartitionRule, Table } from '../language/table.ts'
import type { TableVersion } from '../language/table-version.ts'
import { defaultTreatment } from '../masking/pii.ts'
import type { ColumnType, FieldType, StructFields } from '../value/type.ts'

/** `key: value` of an object literal. */
interface Member {
  readonly key: string
  readonly value: string
  /** A line of comment above it, where members stand on lines of their own. */
  readonly comment?: string | undefined
}

/**
 * The text of a contract file that makes `table`: `schemas/<domain>/<table>/vN.ts`, a column on each line; a formatter may
 * break the long ones. A line `// review:` stands above what a person should decide before it goes live. Throws
 * `contract/invalid` for a column with a check, which is code and cannot be printed.
 */
export function printContract(table: Table): string {
  return [
    `import { col, table } from '#contract'\n`,
    `export const ${exportName(table)} = table({`,
    ...linesOf(tableMembers(table), '  '),
    '  columns: {',
    ...linesOf(columnMembers(table), '    '),
    '  },',
    '})\n',
  ].join('\n')
}

function linesOf(members: readonly Member[], indent: string): readonly string[] {
  return members.flatMap(({ key, value, comment }) => [
    ...(comment === undefined ? [] : [`${indent}// ${comment}`]),
    `${indent}${key}: ${value},`,
  ])
}

/** The name under which a contract file exports its table: `employmentContractsV1`. */
export function exportName({ name, version }: TableVersion): string {
  const [first = '', ...words] = splitLakeName(name)
    .table.split('_')
    .filter((part) => part !== '')
  const rest = words.map((part) => `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`)
  return `${first}${rest.join('')}V${version}`
}

function tableMembers(table: Table): readonly Member[] {
  const partitions = Object.entries(table.partitionBy).map(([key, rule]) => ({ key, value: ruleCode(rule) }))
  return [
    { key: 'name', value: quote(table.name) },
    { key: 'version', value: number(table.version) },
    {
      key: 'owner',
      value: quote(table.owner),
      comment:
        table.owner === unassigned
          ? 'review: the address of the team that answers for this table'
          : undefined,
    },
    { key: 'description', value: quote(table.description) },
    {
      key: 'source',
      value: object({ system: quote(table.source.system), table: quote(table.source.table) }),
    },
    { key: 'primaryKey', value: array(table.primaryKey.map(quote)) },
    ...(partitions.length === 0 ? [] : [{ key: 'partitionBy', value: members(partitions) }]),
    { key: 'unknownFields', value: quote(table.unknownFields) },
    ...(table.checks === undefined ? [] : [{ key: 'checks', value: checksCode(table.checks, table) }]),
  ]
}

function ruleCode(rule: PartitionRule): string {
  return typeof rule === 'string' ? quote(rule) : object({ bucket: number(rule.bucket) })
}

function checksCode(checks: readonly RowCheck[], { columns }: Table): string {
  const items = checks.map(({ name, left, is, right, value }) => {
    const sides = { name: quote(name), left: quote(left), is: quote(is) }
    if (right !== undefined) return object({ ...sides, right: quote(right) })
    return object({ ...sides, value: literalCode(columns[left]?.type, value ?? '') })
  })
  return array(items)
}

function columnMembers({ columns }: Table): readonly Member[] {
  return Object.entries(columns).map(([key, column]) => {
    const guess = guessPii(column.from ?? key, column.type)
    const comment = guess === undefined ? undefined : `review: looks like personal data (${guess})`
    return { key, value: columnCode(key, column), comment }
  })
}

function columnCode(name: string, column: Column): string {
  if (column.check !== undefined)
    throw new PipelineError('contract/invalid', `${name}: a check is code and cannot be printed`)
  const options = optionsCode(column)
  const args = [quote(column.description), ...(options.length === 0 ? [] : [members(options)])]
  return `${builder(column.type)}${args.join(', ')})`
}

/* `varchar`, `decimal`, `enum`, `list` and `struct` take what they are made of before the description. */
function builder(type: ColumnType): string {
  switch (type.kind) {
    case 'string':
      return type.max === undefined ? 'col.string(' : `col.varchar(${type.max}, `
    case 'decimal':
      return `col.decimal(${type.precision}, ${type.scale}, `
    case 'enum':
      return `col.enum(${array(type.values.map(quote))}, `
    case 'list':
      return `col.list(${typeCode(type.of)}, `
    case 'struct':
      return `col.struct(${fieldsCode(type.fields)}, `
    default:
      return `col.${type.kind}(`
  }
}

function optionsCode(column: Column): readonly Member[] {
  const { type, nullable, from, pii, treatment, min, max, beyond } = column
  const usual = pii === undefined ? 'clear' : defaultTreatment[pii]
  return [
    ...(nullable ? [{ key: 'nullable', value: 'true' }] : []),
    ...(from === undefined ? [] : [{ key: 'from', value: quote(from) }]),
    ...(pii === undefined ? [] : [{ key: 'pii', value: quote(pii) }]),
    ...(treatment === usual ? [] : [{ key: 'treatment', value: quote(treatment) }]),
    ...(min === undefined ? [] : [{ key: 'min', value: number(min) }]),
    ...(max === undefined ? [] : [{ key: 'max', value: number(max) }]),
    ...(beyond === undefined ? [] : [{ key: 'beyond', value: quote(beyond) }]),
    ...('unknown' in type ? unknownMember(type.unknown) : []),
    ...(column.default === undefined ? [] : [{ key: 'default', value: literalCode(type, column.default) }]),
  ]
}

/* The value of the `Row` type that `literalOf` made the literal of. */
function literalCode(type: ColumnType | undefined, value: string | number | boolean): string {
  const text = String(value)
  switch (type?.kind) {
    case 'bigint':
      return `${text}n`
    case 'integer':
    case 'smallint':
    case 'double':
    case 'real':
      return Number.isFinite(Number(text)) ? number(Number(text)) : notFinite(text)
    case 'boolean':
      return text
    case 'binary':
      return `Uint8Array.from([${[...Buffer.from(text, 'hex')].join(', ')}])`
    default:
      return quote(text)
  }
}

function notFinite(text: string): string {
  if (text === 'NaN') return 'Number.NaN'
  return text.startsWith('-') ? 'Number.NEGATIVE_INFINITY' : 'Number.POSITIVE_INFINITY'
}

function typeCode(type: ColumnType): string {
  return members(typeMembers(type))
}

function fieldsCode(fields: StructFields): string {
  return members(Object.entries(fields).map(([key, field]) => ({ key, value: members(fieldMembers(field)) })))
}

function fieldMembers(field: FieldType): readonly Member[] {
  const { nullable, from } = field
  return [
    ...typeMembers(field),
    ...(nullable === undefined ? [] : [{ key: 'nullable', value: String(nullable) }]),
    ...(from === undefined ? [] : [{ key: 'from', value: quote(from) }]),
  ]
}

function typeMembers(type: ColumnType): readonly Member[] {
  const kind = { key: 'kind', value: quote(type.kind) }
  switch (type.kind) {
    case 'string':
      return type.max === undefined ? [kind] : [kind, { key: 'max', value: number(type.max) }]
    case 'decimal':
      return [
        kind,
        { key: 'precision', value: number(type.precision) },
        { key: 'scale', value: number(type.scale) },
      ]
    case 'enum':
      return [kind, { key: 'values', value: array(type.values.map(quote)) }, ...unknownMember(type.unknown)]
    case 'list':
      return [kind, { key: 'of', value: typeCode(type.of) }]
    case 'struct':
      return [kind, { key: 'fields', value: fieldsCode(type.fields) }, ...unknownMember(type.unknown)]
    default:
      return [kind]
  }
}

function unknownMember(unknown: string | undefined): readonly Member[] {
  return unknown === undefined ? [] : [{ key: 'unknown', value: quote(unknown) }]
}

function number(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e')
}

function object(values: Readonly<Record<string, string>>): string {
  return members(Object.entries(values).map(([key, value]) => ({ key, value })))
}

function members(list: readonly Member[]): string {
  return list.length === 0 ? '{}' : `{ ${list.map(({ key, value }) => `${key}: ${value}`).join(', ')} }`
}

function array(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}

/* Invisible and direction-changing characters are escaped: a reviewer must see what a contract says. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/* A string literal in the quotes that need fewer escapes, single ones when it makes no difference. */
function quote(value: string): string {
  const singles = value.split("'").length
  const doubles = value.split('"').length
  const mark = singles > doubles ? '"' : "'"
  const escaped = value
    .replace(/\\/g, '\\\\')
    .replaceAll(mark, `\\${mark}`)
    .replace(UNSEEN, (char) => ESCAPES.get(char) ?? unicodeEscape(char))
  return `${mark}${escaped}${mark}`
}

function unicodeEscape(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
