/** A row of `workforce.shops`, as DMS writes it. */
export function shopRow(id: number, name: string, more: object = {}) {
  return {
    shop_id: id,
    code: `S-${id}`,
    name,
    city: 'Lyon',
    country_code: 'FR',
    latitude: 45.75,
    longitude: 4.85,
    opened_on: '2014-05-17',
    is_open: true,
    opening_hours: '{"mon":["09:00","19:00"]}',
    updated_at: '2026-11-23T09:59:58.000001Z',
    ...more,
  }
}

type Operation = 'insert' | 'update' | 'delete' | 'load'

/** A data record of a DMS stream in `json-unformatted`; `at` is its place in the commit order. */
export function dmsRecord(
  operation: Operation,
  at: number,
  data: object,
  table = 'shops',
  committed = '2026-11-23T10:00:00.123456Z',
): string {
  const lsn = `00000002/${(0x7c00_0000 + at).toString(16).toUpperCase()}`
  const place = {
    'transaction-id': 1_000 + at,
    'transaction-record-id': 1,
    'commit-timestamp': committed,
    'stream-position': `${lsn}.1.${lsn}`,
  }
  const metadata = {
    timestamp: '2026-11-23T10:00:01.000000Z',
    'record-type': 'data',
    operation,
    'partition-key-type': 'primary-key',
    'schema-name': 'workforce',
    'table-name': table,
    ...(operation === 'load' ? {} : place),
  }
  const before = operation === 'update' ? { 'before-image': {} } : {}
  return `${JSON.stringify({ data, ...before, metadata })}\n`
}

/** A control record: the definition of a table, or one of DMS's own tables. */
export function controlRecord(schema: string, table: string): string {
  const metadata = {
    timestamp: '2026-11-23T10:00:01.000000Z',
    'record-type': 'control',
    operation: 'create-table',
    'partition-key-type': 'task-id',
    'schema-name': schema,
    'table-name': table,
  }
  return `${JSON.stringify({ control: {}, metadata })}\n`
}
