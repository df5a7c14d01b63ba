import type { RefusedValue, TypeCase } from './type-case.ts'

const refusedDays: readonly RefusedValue[] = [
  { sql: "'infinity'", why: 'infinity' },
  { sql: "'-infinity'", why: '-infinity' },
  { sql: "'0044-03-15 BC'", why: 'before year 1' },
  { sql: "'10000-01-01'", why: 'after year 9999' },
]

/* Writers' sessions are in America/New_York: its clocks skip 02:30 on 10 March 2024 and repeat 01:30 on 3 November. */
const instants = [
  "'2024-03-10 01:59:59.999999'",
  "'2024-03-10 02:30:00'",
  "'2024-11-03 01:30:00'",
  "'1970-01-01 00:00:00'",
  "'1969-12-31 23:59:59.999999'",
  "'2026-01-01 00:00:00.1'",
  "'2262-04-11 23:47:16.854775'",
  "'0001-01-02 00:00:00'",
  "'9999-12-30 23:59:59.999999'",
]

export const timeCases: readonly TypeCase[] = [
  {
    type: 'date',
    contract: 'date',
    outcome: 'exact',
    values: ["'0001-01-01'", "'1582-10-10'", "'1969-12-31'", "'1970-01-01'", "'2024-02-29'", "'9999-12-31'"],
    refused: refusedDays,
    key: 'date',
  },
  {
    type: 'timestamp',
    contract: 'timestampMicros',
    outcome: 'exact',
    values: [...instants, "'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'"],
    refused: refusedDays,
    key: 'timestampMicros',
    note: 'counts as UTC; milliseconds as a timestamp, microseconds as a bigint beside it',
  },
  {
    type: 'timestamp(0)',
    contract: 'timestampMicros',
    outcome: 'exact',
    values: ["'2024-02-29 12:34:56.7'", "'1970-01-01 00:00:00'"],
  },
  {
    type: 'timestamptz',
    contract: 'timestampMicros',
    outcome: 'exact',
    values: [
      ...instants,
      "'2024-11-03 01:30:00-04'",
      "'1890-01-01 00:00:00 Europe/Paris'",
      "'2024-06-01 12:00:00+05:45'",
    ],
    refused: [...refusedDays, { sql: "'9999-12-31 23:59:59-05'", why: 'after year 9999 in UTC' }],
    key: 'timestampMicros',
    note: 'in UTC, whatever the time zone of the session that wrote it or of the server',
  },
  {
    type: 'time',
    contract: 'time',
    outcome: 'exact',
    values: ["'00:00:00'", "'24:00:00'", "'23:59:59.999999'", "'12:34:56.7'"],
    key: 'time',
  },
  {
    type: 'timetz',
    contract: 'string',
    outcome: 'exact as text',
    values: ["'00:00:00+14'", "'24:00:00-15:59:59'", "'12:34:56.789012+05:45'"],
    key: 'string',
    note: 'keeps its offset',
  },
  {
    type: 'interval',
    contract: 'string',
    outcome: 'exact as text',
    values: [
      "'0'",
      "'1 mon 1 day 01:00:00'",
      "'-1 mon +31 days -24:00:00.000001'",
      "'1 year 13 mons'",
      "'infinity'",
      "'-178000000 years'",
    ],
    key: 'string',
    note: 'its three parts, months, days and time, stay apart',
  },
]
