import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkCapturable } from '../../../../engine/postgres/rules/check-source.ts'
import { type SourceServer, startSource } from '../source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

test('a partitioned table with a foreign leaf is left out with the reason, the rest goes on, and without the leaf it is followed', async () => {
  const { client } = await server.database(`create table item (id int primary key);
    create table root (id int not null, v text) partition by range (id);
    create table near partition of root for values from (0) to (10);
    create foreign data wrapper far; create server far foreign data wrapper far;
    create foreign table remote partition of root for values from (10) to (20) server far`)
  try {
    const { tables, leftOut } = await checkCapturable(client, { patterns: ['public.*'] })
    expect(tables.map(({ name }) => name)).toEqual(['item'])
    expect(leftOut).toEqual([
      {
        table: 'public.root',
        code: 'source/no-primary-key',
        message: 'public.root has no primary key',
        fix: [
          { kind: 'step', text: expect.stringMatching(/public\.remote is a foreign table.*'!public\.root'/) },
        ],
      },
    ])
    await expect(client.query('alter table root add primary key (id)')).rejects.toThrow(
      /cannot create unique index/,
    )
    await client.query('alter table root detach partition remote; alter table root add primary key (id)')
    const mended = await checkCapturable(client, { patterns: ['public.*', '!public.remote'] })
    expect([mended.tables.map(({ name }) => name), mended.leftOut]).toEqual([['item', 'root'], []])
  } finally {
    await client.query('drop foreign data wrapper far cascade')
  }
})
