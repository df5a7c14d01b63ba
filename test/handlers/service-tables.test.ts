import { expect, test } from 'vitest'
import { functionSettings } from '../../handlers/runtime/function-settings.ts'

const others = {
  AWS_REGION: 'eu-west-1',
  TIDEMARK_RAW_TABLE: 'raw',
  TIDEMARK_RAW_DAYS: '30',
  TIDEMARK_QUARANTINE_TABLE: 'quarantine',
  TIDEMARK_QUARANTINE_DAYS: '30',
  TIDEMARK_EPOCH: '0',
}

test('each DynamoDB table is a source table of its own', () => {
  const read = (TIDEMARK_SERVICE_TABLES: string) =>
    functionSettings['capture-service'].safeParse({ ...others, TIDEMARK_SERVICE_TABLES })
  const wishes = { 'wishes-prod': 'availability.wishes', 'swaps.prod': 'availability.swaps' }
  expect(read(JSON.stringify(wishes)).data?.TIDEMARK_SERVICE_TABLES).toEqual(wishes)
  for (const wrong of [
    '',
    'wishes',
    '{}',
    '{"wishes":"availability"}',
    '{"wishes":"a.b.c"}',
    '{"wish es":"a.b"}',
  ])
    expect(read(wrong).success).toBe(false)
  const twins = read('{"wishes-1":"availability.wishes","wishes-2":"availability.wishes"}')
  expect(twins.error?.issues.map(({ path }) => path)).toEqual([['TIDEMARK_SERVICE_TABLES']])
})
