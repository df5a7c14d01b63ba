import { literalOf } from '../language/column.ts'
import type { RowCheck } from '../language/row-check.ts'
import type { Columns, PartitionRule, TableSpec, TypedTable } from '../language/table.ts'
import { checkTable } from './check-table.ts'
import { ContractError } from './fault.ts'

/** Checks a contract and makes it a table. Throws `contract/invalid` that lists every fault with its rule. */
export function table<const C extends Columns>(spec: TableSpec<C>): TypedTable<C> {
  const { checks, partitionBy = {}, ...rest } = spec
  const rules = Object.entries<PartitionRule | undefined>(partitionBy)
  const made = {
    ...rest,
    partitionBy: Object.fromEntries(rules.flatMap(([name, rule]) => (rule ? [[name, rule]] : []))),
    ...(checks === undefined ? {} : { checks: checks.map(plainCheck) }),
  }
  const faults = checkTable(made)
  if (faults.length > 0) throw new ContractError(spec, faults)
  return made
}

/* Contracts are JSON everywhere but in their own file. */
function plainCheck({ name, left, is, right, value }: AuthoredCheck): RowCheck {
  return right === undefined ? { name, left, is, value: literalOf(value) } : { name, left, is, right }
}

interface AuthoredCheck extends Omit<RowCheck, 'value'> {
  readonly value?: unknown
}
