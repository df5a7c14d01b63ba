/* The door of the contract language: what a contract file may import, as `#contract`. */

export { table } from './check/define-table.ts'
export { type Column, col } from './language/column.ts'
export type { Row, Table } from './language/table.ts'
export { type PiiClass, piiClasses, type Treatment } from './masking/pii.ts'
export type { ColumnType } from './value/type.ts'
