import { PipelineError } from '../../failures/failures.ts'
import { guessPii } from '../infer/guess-pii.ts'
import { unassigned } from '../infer/infer-table.ts'
import type { Column } from '../language/column.ts'
import type { RowCheck } from '../language/row-check.ts'
import type { PartitionRule, Table } from '../language/table.ts'
import { defaultTreatment } from '../masking/pii.ts'
import type { ColumnType, FieldType, StructFields } from '../value/type.ts'
import { type Code, layout, type Member, quoted, word } from './source-layout.ts'

/**
 * The text of a contract file that makes `table`: `schemas/<domain>/<table>/vN.ts`, laid out as Biome
 * would. A line `// review:` stands above what a person should decide before it goes live. Throws
 * `contract/invalid` for a column with a check, which is code and cannot be printed.
 */
export function printContract(table: Table): string {
  const code: Code = {
    kind: 'call',
    callee: 'table',
    args: [{ kind: 'object', members: tableMembers(table), isExpanded: true }],
  }
  const declaration = `export const ${exportName(table)} = `
  return `import { col, table } from '#contract'\n\n${declaration}${layout(code, 0, declaration.length, 0)}\n`
}

/** The name under which a contract file exports its table: `employmentContractsV1`. */
export function exportName({ name, version }: Pick<Table, 'name' | 'version'>): string {
  const [first = '', ...words] = name
    .slice(name.indexOf('.') + 1)
    .split('_')
    .filter((part) => part !== '')
  const rest = words.map((part) => `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`)
  return `${first}${rest.join('')}V${version}`
}

function tableMembers(table: Table): readonly Member[] {
  const partitions = Object.entries(table.partitionBy).map(([key, rule]) => ({ key, value: ruleCode(rule) }))
  return [
    { key: 'name', value: quoted(table.name) },
    { key: 'version', value: number(table.version) },
    {
      key: 'owner',
      value: quoted(table.owner),
      comment:
        table.owner === unassigned
          ? 'review: the address of the team that answers for this table'
          : undefined,
    },
    { key: 'description', value: quoted(table.description) },
    {
      key: 'source',
      value: object({ system: quoted(table.source.system), table: quoted(table.source.table) }),
    },
    { key: 'primaryKey', value: { kind: 'array', items: table.primaryKey.map(quoted) } },
    ...(partitions.length === 0 ? [] : [{ key: 'partitionBy', value: members(partitions) }]),
    { key: 'unknownFields', value: quoted(table.unknownFields) },
    ...(table.checks === undefined ? [] : [{ key: 'checks', value: checksCode(table.checks, table) }]),
    { key: 'columns', value: columnsCode(table) },
  ]
}

function ruleCode(rule: PartitionRule): Code {
  return typeof rule === 'string' ? quoted(rule) : object({ bucket: number(rule.bucket) })
}

function checksCode(checks: readonly RowCheck[], { columns }: Table): Code {
  const items = checks.map(({ name, left, is, right, value }) => {
    const sides = { name: quoted(name), left: quoted(left), is: quoted(is) }
    if (right !== undefined) return object({ ...sides, right: quoted(right) })
    return object({ ...sides, value: literalCode(columns[left]?.type, value ?? '') })
  })
  return { kind: 'array', items }
}

function columnsCode({ columns }: Table): Code {
  const members = Object.entries(columns).map(([key, column]) => {
    const guess = guessPii(column.from ?? key, column.type)
    const comment = guess === undefined ? undefined : `review: looks like personal data (${guess})`
    return { key, value: columnCode(key, column), comment }
  })
  return { kind: 'object', members, isExpanded: true }
}

function columnCode(name: string, column: Column): Code {
  if (column.check !== undefined)
    throw new PipelineError('contract/invalid', `${name}: a check is code and cannot be printed`)
  const options = optionsCode(column)
  const args = [quoted(column.description), ...(options.length === 0 ? [] : [members(options)])]
  return { kind: 'call', ...builder(column.type, args) }
}

/* `varchar`, `decimal`, `enum` and `list` take what they are made of before the description. */
function builder(type: ColumnType, args: readonly Code[]): { callee: string; args: readonly Code[] } {
  switch (type.kind) {
    case 'string':
      return type.max === undefined
        ? { callee: 'col.string', args }
        : { callee: 'col.varchar', args: [number(type.max), ...args] }
    case 'decimal':
      return {
        callee: 'col.decimal',
        args: [number(type.precision), number(type.scale), ...args],
      }
    case 'enum':
      return { callee: 'col.enum', args: [{ kind: 'array', items: type.values.map(quoted) }, ...args] }
    case 'list':
      return { callee: 'col.list', args: [typeCode(type.of), ...args] }
    case 'struct':
      return { callee: 'col.struct', args: [fieldsCode(type.fields), ...args] }
    default:
      return { callee: `col.${type.kind}`, args }
  }
}

function optionsCode(column: Column): readonly Member[] {
  const { type, nullable, from, pii, treatment, min, max, beyond } = column
  const usual = pii === undefined ? 'clear' : defaultTreatment[pii]
  return [
    ...(nullable ? [{ key: 'nullable', value: word('true') }] : []),
    ...(from === undefined ? [] : [{ key: 'from', value: quoted(from) }]),
    ...(pii === undefined ? [] : [{ key: 'pii', value: quoted(pii) }]),
    ...(treatment === usual ? [] : [{ key: 'treatment', value: quoted(treatment) }]),
    ...(min === undefined ? [] : [{ key: 'min', value: number(min) }]),
    ...(max === undefined ? [] : [{ key: 'max', value: number(max) }]),
    ...(beyond === undefined ? [] : [{ key: 'beyond', value: quoted(beyond) }]),
    ...('unknown' in type ? unknownMember(type.unknown) : []),
    ...(column.default === undefined ? [] : [{ key: 'default', value: literalCode(type, column.default) }]),
  ]
}

/* The value of the `Row` type that `literalOf` made the literal of. */
function literalCode(type: ColumnType | undefined, value: string | number | boolean): Code {
  const text = String(value)
  switch (type?.kind) {
    case 'bigint':
      return word(`${text}n`)
    case 'integer':
    case 'smallint':
    case 'double':
    case 'real':
      return Number.isFinite(Number(text)) ? number(Number(text)) : word(notFinite(text))
    case 'boolean':
      return word(text)
    case 'binary':
      return word(`Uint8Array.from([${[...Buffer.from(text, 'hex')].join(', ')}])`)
    default:
      return quoted(text)
  }
}

function notFinite(text: string): string {
  if (text === 'NaN') return 'Number.NaN'
  return text.startsWith('-') ? 'Number.NEGATIVE_INFINITY' : 'Number.POSITIVE_INFINITY'
}

function typeCode(type: ColumnType): Code {
  return members(typeMembers(type))
}

function fieldsCode(fields: StructFields): Code {
  return members(Object.entries(fields).map(([key, field]) => ({ key, value: members(fieldMembers(field)) })))
}

function fieldMembers(field: FieldType): readonly Member[] {
  const { nullable, from } = field
  return [
    ...typeMembers(field),
    ...(nullable === undefined ? [] : [{ key: 'nullable', value: word(String(nullable)) }]),
    ...(from === undefined ? [] : [{ key: 'from', value: quoted(from) }]),
  ]
}

function typeMembers(type: ColumnType): readonly Member[] {
  const kind = { key: 'kind', value: quoted(type.kind) }
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
      return [
        kind,
        { key: 'values', value: { kind: 'array', items: type.values.map(quoted) } },
        ...unknownMember(type.unknown),
      ]
    case 'list':
      return [kind, { key: 'of', value: typeCode(type.of) }]
    case 'struct':
      return [kind, { key: 'fields', value: fieldsCode(type.fields) }, ...unknownMember(type.unknown)]
    default:
      return [kind]
  }
}

function unknownMember(unknown: string | undefined): readonly Member[] {
  return unknown === undefined ? [] : [{ key: 'unknown', value: quoted(unknown) }]
}

function number(value: number): Code {
  return word(Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e'))
}

function object(values: Readonly<Record<string, Code>>): Code {
  return members(Object.entries(values).map(([key, value]) => ({ key, value })))
}

function members(list: readonly Member[]): Code {
  return { kind: 'object', members: list }
}
