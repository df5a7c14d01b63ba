import type { Table } from './table.ts'

/** What people call a table among others: its name, with the version where several are live. */
export function tableLabel(table: Table, among: readonly Table[]): string {
  const isOnly = among.every((other) => other.name !== table.name || other.version === table.version)
  return isOnly ? table.name : `${table.name} v${table.version}`
}
