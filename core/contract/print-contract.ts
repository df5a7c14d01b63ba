import { PipelineError } from '../failures.ts'
import type { Column } from './column.ts'
import { guessPii } from './guess-pii.ts'
import { unassigned } from './infer-table.ts'
import { defaultTreatment } from './pii.ts'
import { type Code, layout, type Member, quoted, word } from './source-layout.ts'
import type { Table } from './table.ts'
import { type ColumnType, typeName } from './type.ts'

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
  const grains = Object.entries(table.partitionBy).map(([key, grain]) => ({ key, value: quoted(grain) }))
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
    ...(grains.length === 0
      ? []
      : [{ key: 'partitionBy', value: { kind: 'object', members: grains } as const }]),
    { key: 'unknownFields', value: quoted(table.unknownFields) },
    { key: 'columns', value: columnsCode(table) },
  ]
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
    default:
      return { callee: `col.${type.kind}`, args }
  }
}

function optionsCode(column: Column): readonly Member[] {
  const { nullable, from, pii, treatment, min, max } = column
  const usual = pii === undefined ? 'clear' : defaultTreatment[pii]
  return [
    ...(nullable ? [{ key: 'nullable', value: word('true') }] : []),
    ...(from === undefined ? [] : [{ key: 'from', value: quoted(from) }]),
    ...(pii === undefined ? [] : [{ key: 'pii', value: quoted(pii) }]),
    ...(treatment === usual ? [] : [{ key: 'treatment', value: quoted(treatment) }]),
    ...(min === undefined ? [] : [{ key: 'min', value: number(min) }]),
    ...(max === undefined ? [] : [{ key: 'max', value: number(max) }]),
  ]
}

function typeCode(type: ColumnType): Code {
  const kind = quoted(type.kind)
  switch (type.kind) {
    case 'string':
      return type.max === undefined ? object({ kind }) : object({ kind, max: number(type.max) })
    case 'decimal':
      return object({ kind, precision: number(type.precision), scale: number(type.scale) })
    case 'enum':
      return object({ kind, values: { kind: 'array', items: type.values.map(quoted) } })
    case 'list':
      throw new PipelineError('contract/invalid', `${typeName(type)}: a list of lists is not supported`)
    default:
      return object({ kind })
  }
}

function number(value: number): Code {
  return word(String(value).replace('e+', 'e'))
}

function object(values: Readonly<Record<string, Code>>): Code {
  return members(Object.entries(values).map(([key, value]) => ({ key, value })))
}

function members(list: readonly Member[]): Code {
  return { kind: 'object', members: list }
}
