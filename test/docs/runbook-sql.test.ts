import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../../local/embedded-postgres/start-postgres.ts'
import { startCopiedServer } from '../local/sample/copied-server.ts'
import { scratchFolder } from '../support/tidemark.ts'

const docs = resolve(import.meta.dirname, '../../docs')
const runbooks = readdirSync(resolve(docs, 'runbooks')).map((name) => `runbooks/${name}`)
/* Deploying comes first: it makes the roles that the others speak of. */
const pages = ['15-deploying.md', ...runbooks]
  .map((name) => ({ name, statements: statementsOf(readFileSync(resolve(docs, name), 'utf8')) }))
  .filter(({ statements }) => statements.length > 0)

function statementsOf(page: string): readonly string[] {
  return [...page.matchAll(/^ *```sql\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block.split(/(?<=;)\n/).filter((statement) => statement.trim() !== ''),
  )
}

let scratch: Awaited<ReturnType<typeof scratchFolder>>
let server: PostgresServer
let client: pg.Client

beforeAll(async () => {
  scratch = await scratchFolder()
  server = await startCopiedServer({ dir: resolve(scratch.path, 'source'), database: 'workforce' })
  client = new pg.Client({ connectionString: server.url })
  await client.connect()
  /* What RDS has. */
  await client.query(
    'CREATE ROLE rds_replication; CREATE SCHEMA workforce; CREATE TABLE workforce.shifts (id int)',
  )
})

afterAll(async () => {
  await client?.end()
  await server?.stop()
  await scratch?.[Symbol.asyncDispose]()
})

describe('SQL that an operator is told to run', () => {
  test('is on the pages that need the source', () => {
    expect(pages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['15-deploying.md', 'runbooks/lost-slot.md', 'runbooks/slot-lag.md']),
    )
  })

  test.each(pages)('of $name runs on PostgreSQL, in its order', async ({ statements }) => {
    for (const statement of statements)
      await expect(client.query(statement), statement).resolves.toHaveProperty('command')
  })

  test('a slot that is made gives the position that the CDC task begins at', async () => {
    const making = pages.flatMap(({ statements }) => statements).find((sql) => sql.includes('pg_create_'))
    await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
    const { rows } = await client.query<{ lsn: string }>(making ?? '')
    /* As variables.tf of the production stack wants it. */
    expect(rows[0]?.lsn).toMatch(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/)
  })
})
