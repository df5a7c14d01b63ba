import { expect, test } from 'vitest'
import {
  checksumSelect,
  digestSelect,
  textsSelect,
} from '../../../../engine/reconcile/checksum/checksum-sql.ts'
import { athena, duckdb } from '../../../../engine/reconcile/checksum/dialect.ts'
import { trinoFaults } from '../../../lake/sql/trino-faults.ts'
import { columns, keys } from './lake-of-all-types.ts'

const rows = { keys, columns, relation: '"lake"."everything"', dialect: athena, buckets: [1, 2] }

test('what Athena is asked for is Trino, and what DuckDB is asked for is not', () => {
  expect(trinoFaults(checksumSelect(rows))).toEqual([])
  expect(trinoFaults(digestSelect(rows, ['_position']))).toEqual([])
  expect(trinoFaults(textsSelect({ ...rows, keysIn: 'wanted_keys' }))).toEqual([])
  expect(trinoFaults(checksumSelect({ ...rows, dialect: duckdb }))).not.toEqual([])
})
