import { TrinoSQL } from 'dt-sql-parser/dist/parser/trino/index.js'
import { expect, test } from 'vitest'
import { checksumSelect, digestSelect, textsSelect } from '../../../lake/checksum/checksum-sql.ts'
import { athena, duckdb } from '../../../lake/checksum/dialect.ts'
import { columns, keys } from './lake-of-all-types.ts'

const rows = { keys, columns, relation: '"lake"."everything"', dialect: athena, buckets: [1, 2] }
const faults = (sql: string) => new TrinoSQL().validate(sql)

test('what Athena is asked for is Trino, and what DuckDB is asked for is not', () => {
  expect(faults(checksumSelect(rows))).toEqual([])
  expect(faults(digestSelect(rows, ['_position']))).toEqual([])
  expect(faults(textsSelect({ ...rows, keysIn: 'wanted_keys' }))).toEqual([])
  expect(faults(checksumSelect({ ...rows, dialect: duckdb }))).not.toEqual([])
})
