import { parseTableName } from '../../source-table-name.ts'
import { checkTable } from '../check/check-table.ts'
import { ContractError } from '../check/fault.ts'
import type { Column } from '../language/column.ts'
import { lakeName, lakeNames } from '../language/lake-names.ts'
import type { Columns, Table } from '../language/table.ts'
import { guessPii } from './guess-pii.ts'
import type { ObservedField } from './infer-from-values.ts'
import { guessedTreatment, unassigned } from './infer-table.ts'

/** Fields by their source name, as `ObservedRows` concluded them. */
export type ObservedFields = ReadonlyMap<string, ObservedField>

export interface ProposalOptions {
  readonly system: string
  /** Source table, `schema.table`. */
  readonly source: string
  /** Source fields of the primary key. */
  readonly key: readonly string[]
  readonly owner?: string
}

/* With fewer rows a column that was never null may well become null tomorrow. */
const ENOUGH_ROWS = 100

/** A column for each observed field that a contract does not read. Nullable, all of them: the rows before the column have no value. */
export function lackingColumns(fields: ObservedFields, { columns }: Table): Columns {
  const known = new Set(Object.entries(columns).map(([name, { from }]) => from ?? name))
  const fresh = [...fields].filter(([name]) => !known.has(name))
  const taken = Object.entries(columns).map(([name, { type }]) => ({
    name,
    hasMicros: type.kind === 'timestampMicros',
  }))
  const names = lakeNames([...taken, ...fresh.map(named)]).slice(taken.length)
  return proposed(fresh, names, () => ({ nullable: true, isKey: false }))
}

/**
 * Version 1 of a contract that takes every observed row as it is, personal data guessed for review. Throws
 * `contract/invalid` when the fields make none, as when a field of the key was never seen.
 */
export function tableFromFields(fields: ObservedFields, options: ProposalOptions): Table {
  const { source, system, key, owner = unassigned } = options
  const { schema, name } = parseTableName(source) ?? { schema: '', name: source }
  const all = [...fields]
  const names = lakeNames(all.map(named))
  const nameOf = new Map(all.map(([field], index) => [field, names[index] ?? field]))
  const table: Table = {
    name: `${lakeName(schema, 'schema')}.${lakeName(name, 'table')}`,
    version: 1,
    owner,
    description: `Source table ${source}; describe it for analysts`,
    source: { system, table: source },
    primaryKey: key.map((field) => nameOf.get(field) ?? field),
    partitionBy: {},
    unknownFields: 'keep',
    columns: proposed(all, names, (field, { values, empty }) => {
      const isKey = key.includes(field)
      return { isKey, nullable: !isKey && (empty > 0 || values < ENOUGH_ROWS) }
    }),
  }
  const faults = checkTable(table)
  if (faults.length > 0) throw new ContractError(table, faults)
  return table
}

/** The key that names suggest, for a person to check: what deletes carried, else `id`, `<table>_id`, else the first field. */
export function guessKey(
  fields: ObservedFields,
  source: string,
  inDeletes: ReadonlySet<string> | undefined,
): readonly string[] {
  const names = [...fields.keys()]
  const carried = names.filter((name) => inDeletes?.has(name))
  if (carried.length > 0 && carried.length < names.length) return carried
  const table = parseTableName(source)?.name ?? source
  const usual = ['id', `${table}_id`, `${table.replace(/s$/, '')}_id`]
  const found = usual.find((name) => fields.has(name)) ?? names[0]
  return found === undefined ? [] : [found]
}

function proposed(
  fields: readonly (readonly [string, ObservedField])[],
  names: readonly string[],
  traitsOf: (
    field: string,
    observed: ObservedField,
  ) => { readonly nullable: boolean; readonly isKey: boolean },
): Columns {
  return Object.fromEntries(
    fields.map(([field, observed], index) => {
      const name = names[index] ?? field
      return [name, columnOf(field, name, observed, traitsOf(field, observed))]
    }),
  )
}

function columnOf(
  field: string,
  name: string,
  { type: seen, note }: ObservedField,
  { nullable, isKey }: { readonly nullable: boolean; readonly isKey: boolean },
): Column {
  /* A key of integers grows, and lists and documents cannot be one. */
  const keyType = { integer: 'bigint', list: 'string', json: 'string' } as const
  const type =
    isKey && (seen.kind === 'integer' || seen.kind === 'list' || seen.kind === 'json')
      ? { kind: keyType[seen.kind] }
      : seen
  const pii = guessPii(field, type)
  return {
    type,
    description: `Source column ${printable(field)}, ${note}; describe it for analysts`,
    nullable,
    from: name === field ? undefined : field,
    pii,
    treatment: pii === undefined ? 'clear' : guessedTreatment(pii, type, isKey),
  }
}

function named([name, { type }]: readonly [string, ObservedField]) {
  return { name, hasMicros: type.kind === 'timestampMicros' }
}

function printable(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim()
}
