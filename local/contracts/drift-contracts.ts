import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { DriftContracts } from '../state/drift.ts'

/** The contracts that run now as drift is held against them. */
export function driftContracts(tables: () => readonly Table[]): DriftContracts {
  const of = (source: string) => tables().filter((table) => table.source.table === source)
  return {
    knows: (source, field) =>
      of(source).some((table) =>
        Object.entries(table.columns).some(([name, column]) => (column.from ?? name) === field),
      ),
    digestOf: (source) => Object.values(contractDigests(of(source))).join(),
  }
}
