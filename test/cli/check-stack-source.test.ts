import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkStackSource } from '../../cli/stack-tables/check-stack-source.ts'
import { refusal, type SourceServer, startSource } from '../local/replicator/source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

test('tables of a stack need a key that their changes carry, and the slot of the task its log', async () => {
  const { source, client } = await server.database(`CREATE TABLE public.items (id int PRIMARY KEY);
    CREATE TABLE public.keyless (id int); CREATE TABLE public.mute (id int PRIMARY KEY);
    ALTER TABLE public.mute REPLICA IDENTITY NOTHING`)
  const check = (table: string) =>
    checkStackSource(source.url, { data: {}, source: { slot_name: 'dms' } }, [table])
  expect((await refusal(check('public.items'))).code).toBe('source/slot-lost')
  await client.query(`SELECT pg_create_logical_replication_slot('dms', 'pgoutput')`)
  expect((await refusal(check('public.items'))).code).toBe('source/slot-foreign')
  await client.query(`SELECT pg_drop_replication_slot('dms');
    SELECT pg_create_logical_replication_slot('dms', 'test_decoding')`)
  await check('public.items')
  expect((await refusal(check('public.keyless'))).code).toBe('source/no-primary-key')
  expect((await refusal(check('public.mute'))).code).toBe('source/replica-identity')
  expect((await refusal(check('public.gone'))).code).toBe('source/no-tables')
})
