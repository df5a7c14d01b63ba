/* The door of the contract language: what a contract file may import, as `#contract`. */
export { type Column, col } from './column.ts'
export { type PiiClass, piiClasses, type Treatment } from './pii.ts'
export { type Row, type Table, table } from './table.ts'
export type { ColumnType } from './type.ts'
