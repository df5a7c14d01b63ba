import { expect, test } from 'vitest'
import { athenaDdl } from '../../glue/athena-ddl.ts'
import { shiftsV1 } from '../../schemas/workforce/shifts/v1.ts'

test('the statement has one column on a line, those of the pipeline first', () => {
  const lines = athenaDdl(shiftsV1, 's3://lake').split('\n')
  expect(lines.slice(0, 8)).toEqual([
    'CREATE EXTERNAL TABLE `workforce`.`shifts_v1_history` (',
    '  `_op` string,',
    '  `_position` string,',
    '  `_revision` int,',
    '  `_committed_at` timestamp,',
    '  `_absent` array<string>,',
    '  `_extra` string,',
    '  `shift_id` bigint,',
  ])
  expect(lines).toContain('  `labour_cost` decimal(12,2),')
  expect(lines.slice(-6)).toEqual([
    '  `updated_at` timestamp,',
    '  `updated_at_micros` bigint',
    ')',
    'PARTITIONED BY (`ingest_date` date)',
    'STORED AS PARQUET',
    "LOCATION 's3://lake/lake/workforce/shifts_v1_history/'",
  ])
})
