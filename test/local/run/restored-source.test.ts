import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../core/json.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { parsePosition } from '../../../core/position.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { type PostgresServer, startPostgres } from '../../../local/embedded-postgres/start-postgres.ts'
import { openLocalRun } from '../../../local/run/local-run.ts'
import { scratchFolder } from '../../support/tidemark.ts'

/* docs/runbooks/restored-source.md and lost-slot.md, in the folder of a run. */

const silent = { info: () => undefined, warn: () => undefined }
const deadlineMs = 60_000
const servers: PostgresServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function start(dir: string): Promise<PostgresServer> {
  const server = await startPostgres({ dir, database: 'shop' })
  servers.push(server)
  return server
}

async function sql(server: PostgresServer, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/* With its owner: as root the server runs under another user. */
async function copyWhole(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to])
}

interface Wish {
  readonly reload?: boolean
  readonly replaced?: boolean
  /** SQL after everything is loaded. */
  readonly changes?: string
}

/* Loads what is missing, follows the changes, proves, and gives what readers see, where the newest load ranks, and the last change. */
async function runOn(
  server: PostgresServer,
  dir: string,
  { reload = false, replaced = false, changes }: Wish,
) {
  const run = await openLocalRun({
    dir,
    source: { url: server.url },
    isEmbedded: false,
    system: 'shop',
    contracts: [],
    log: silent,
    patterns: ['sales.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    reload,
    replaced,
    hints: { bytes: 8 << 20, milliseconds: 50 },
    compactEveryMs: 0,
    proveEveryMs: 0,
  })
  try {
    const signal = AbortSignal.timeout(deadlineMs)
    await Promise.race([run.loaded(signal), run.failed])
    if (changes !== undefined) await sql(server, changes)
    const { equal } = await run.reconcile(signal)
    const entries = await run.pipeline.catalog.entries()
    const [newest] = entries.flatMap(({ floors }) => floors.at(-1)?.position ?? [])
    const captured = parsePosition(run.pipeline.raw.highest ?? newest ?? '')
    return { equal, states: await statesIn(dir, entries), floor: parsePosition(newest ?? ''), captured }
  } finally {
    await run.stop()
  }
}

/* What a reader of the table sees, by state. */
async function statesIn(dir: string, entries: readonly CatalogEntry[]): Promise<Record<string, string>> {
  const session = await LakeSession.open({ folder: dir, entries })
  try {
    const { batches } = await session.query(
      `select state, count(*)::varchar from sales.orders group by state order by state`,
    )
    const rows: (readonly JsonValue[])[] = []
    for await (const batch of batches) rows.push(...batch)
    return Object.fromEntries(rows.map(([state, count]) => [String(state), String(count)]))
  } finally {
    await session.close()
  }
}

const orders = `CREATE SCHEMA sales; CREATE TABLE sales.orders (id integer PRIMARY KEY, state text NOT NULL);
  INSERT INTO sales.orders SELECT i, 'open' FROM generate_series(1, 100) i`

describe('a source that was restored', () => {
  test('G2, G4: a reload outranks all that was captured of the hours that are gone', async () => {
    await using scratch = await scratchFolder()
    const [data, backup, dir] = [
      join(scratch.path, 'source'),
      join(scratch.path, 'backup'),
      join(scratch.path, 'run'),
    ]
    const first = await start(data)
    await sql(first, orders)
    expect(await runOn(first, dir, {})).toMatchObject({ equal: true, states: { open: '100' } })
    await first.stop()
    await copyWhole(data, backup)
    const lost = `UPDATE sales.orders SET state = 'lost' WHERE id <= 50; DELETE FROM sales.orders WHERE id = 60;
      INSERT INTO sales.orders SELECT i, 'lost' FROM generate_series(1001, 2000) i`
    const second = await start(data)
    const before = await runOn(second, dir, { changes: lost })
    expect(before).toMatchObject({ equal: true, states: { lost: '1050', open: '49' } })

    /* A snapshot of the disk brings the slot back, and a log that ends before what was captured. */
    await second.stop()
    await rm(data, { recursive: true })
    await copyWhole(backup, data)
    const restored = await start(data)
    await expect(runOn(restored, dir, {})).rejects.toMatchObject({ code: 'source/rewound' })
    const paid = `UPDATE sales.orders SET state = 'paid' WHERE id IN (1, 60)`
    const after = await runOn(restored, dir, { reload: true, changes: paid })
    expect(after).toMatchObject({ equal: true, states: { open: '98', paid: '2' } })
    /* Without the epoch the lost hours would have won. */
    expect(after.floor.lsn).toBeLessThan(before.captured.lsn)
    expect(after.floor.epoch).toBe(before.floor.epoch + 1)

    /* A server from a dump: its numbers begin anew, too. */
    const other = await start(join(scratch.path, 'other'))
    await sql(other, `${orders}; UPDATE sales.orders SET state = 'kept' WHERE id > 90`)
    await expect(runOn(other, dir, { reload: true })).rejects.toMatchObject({ code: 'run/bad-folder' })
    const moved = await runOn(other, dir, { replaced: true, changes: paid })
    expect(moved).toMatchObject({ equal: true, states: { kept: '10', open: '88', paid: '2' } })
    expect(moved.floor.epoch).toBe(after.floor.epoch + 1)
  })
})
