import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { defineTable } from '../../../engine/postgres/records/table-definition.ts'
import { layoutSourceTable } from '../../../engine/postgres/records/table-layout.ts'
import { type SourceServer, startSource } from './source-server.ts'
import { TYPES } from './typed-table.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

test('a table is defined as DMS defines it', async () => {
  const { client } = await server.database(TYPES)
  const [table] = await readSourceCatalog(client)
  const definition = table && defineTable(layoutSourceTable(table))
  expect(definition).toMatchObject({
    'primary-key': ['id'],
    columns: {
      id: { type: 'INT64', nullable: false },
      i2: { type: 'INT16' },
      i4: { type: 'INT32', nullable: true },
      n: { type: 'DECIMAL', nullable: true },
      n2: { type: 'DECIMAL', precision: 38, scale: 10 },
      f4: { type: 'FLOAT' },
      f8: { type: 'DOUBLE' },
      b: { type: 'BOOL' },
      c: { type: 'STRING', length: 8 },
      v: { type: 'STRING', length: 20 },
      by: { type: 'BINARY' },
      d: { type: 'DATE32' },
      tm: { type: 'TIME32' },
      tz: { type: 'STRING' },
      tsz: { type: 'TIMESTAMP' },
      dl: { type: 'DECIMAL', precision: 4, scale: 1 },
      dc: { type: 'STRING', length: 5 },
    },
  })
})
