export { duckdbType } from './sql/duckdb-type.ts'
export { historySelect } from './sql/history-select.ts'
