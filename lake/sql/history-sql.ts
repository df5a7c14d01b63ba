export { duckdbType } from './duckdb-type.ts'
export { historySelect } from './history-select.ts'
