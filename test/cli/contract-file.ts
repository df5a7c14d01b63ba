import type { ContractFile } from '../../contract-tools/load/load-contracts.ts'
import type { Table } from '../../core/contract/language/table.ts'

/** A contract file as if it had been loaded from `schemas/`. */
export function contractFile(table: Table, text: string, exportName = 'ordersV1'): ContractFile {
  const path = `sales/orders/v${table.version}.ts`
  const loaded = { kind: 'table', table, exportName } as const
  return { path, shown: `schemas/${path}`, text, name: 'sales.orders', version: table.version, loaded }
}
