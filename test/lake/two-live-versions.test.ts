import { expect, test } from 'vitest'
import type { Change } from '../../core/change.ts'
import { col } from '../../core/contract/language/column.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { formatPosition } from '../../core/position.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { router } from '../../formatters/route.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { smallLake } from './small-lake.ts'

const v1: Table = {
  name: 'sales.orders',
  version: 1,
  owner: 'sales@tidemark.example',
  description: 'Orders, one row each',
  source: { system: 'shop-postgres', table: 'public.orders' },
  primaryKey: ['id'],
  partitionBy: {},
  unknownFields: 'keep',
  columns: { id: col.bigint('Number of the order'), total: col.double('Amount charged') },
}
const v2: Table = {
  ...v1,
  version: 2,
  columns: { id: col.bigint('Number of the order'), total: col.decimal(12, 2, 'Amount charged, exact') },
}

const change = (ordinal: number, operation: Change['operation'], total: string): Change => ({
  table: 'public.orders',
  operation,
  position: formatPosition({ epoch: 0, lsn: 7n, ordinal, step: 0 }),
  committedAt: '2026-03-02T08:15:31.000000Z',
  data: { id: 1, total },
  before: undefined,
})

test('two live versions get every change; the plain name is the newest, the older one keeps its number', async () => {
  const folder = await tempFolder()
  const lake = await smallLake(folder)
  const routes = router([v1, v2], new Uint8Array(32))('public.orders')
  expect(routes.map(({ table }) => table.version)).toEqual([1, 2])
  const changes = [change(1, 'insert', '19.90'), change(2, 'update', '20.10')]
  for (const { table, codec } of routes) {
    await lake.register(table)
    const rows = changes.flatMap((one): readonly LakeRow[] => {
      const formatted = codec.format(one)
      return formatted.kind === 'rows' ? formatted.rows : []
    })
    await lake.land(table, rows)
  }
  const session = await LakeSession.open({ folder, entries: await lake.catalog.entries() })
  try {
    expect(await rowsOf(session, 'SELECT typeof(total), total::VARCHAR FROM sales.orders')).toEqual([
      ['DECIMAL(12,2)', '20.10'],
    ])
    expect(await rowsOf(session, 'SELECT typeof(total), total::VARCHAR FROM sales.orders_v1')).toEqual([
      ['DOUBLE', '20.1'],
    ])
    expect(
      await rowsOf(session, 'SELECT total::VARCHAR FROM sales.orders_history ORDER BY _position'),
    ).toEqual([['19.90'], ['20.10']])
    expect(await rowsOf(session, 'SELECT count(*)::INTEGER FROM sales.orders_v1_history')).toEqual([[2]])
  } finally {
    session.close()
  }
})

async function rowsOf(session: LakeSession, sql: string): Promise<readonly unknown[]> {
  const { batches } = await session.query(sql)
  const rows: unknown[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}
