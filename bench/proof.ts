/*
 * The proof of a loaded and compacted lake: the sample database, and one large table of many types, which PostgreSQL and
 * DuckDB sum by themselves. The peer of the same run is PostgreSQL alone: `count(*)` and a sum over the MD5 of each row's
 * text, without a lake, a key or a type that is compared. Reports rows/s of each table and of all, ratios, memory.
 * npm run bench:proof -- [--rows 1000000] [--scale 2] [--rounds 2] [--json]
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { splitTableName } from '../core/source-table-name.ts'
import { quoteTable } from '../engine/postgres/connection/quote-identifier.ts'
import type { Source } from '../engine/postgres/connection/source-connection.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { type LocalRun, openLocalRun } from '../local/run/local-run.ts'
import { createSampleDatabase } from '../local/sample/sample-database.ts'
import { tables as contracts } from '../schemas/index.ts'
import { mb, say, watchMemory, withClient } from './measure.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    scale: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const DEADLINE_MS = 600_000
/* A table below it is done before its rate says anything. */
const RATED_ROWS = 20_000

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-proof-'))
await chmod(dir, 0o755)
const server = await startPostgres({ dir: join(dir, 'postgres'), database: 'workforce' })
const source: Source = { url: server.url }
try {
  say(`filling to ${rows} rows, beside the sample …`)
  await createSampleDatabase(server.url, { scale: Number(values.scale) })
  await fill()
  const run = await open()
  try {
    say('loading …')
    await run.loaded(AbortSignal.timeout(DEADLINE_MS))
    say('compacting …')
    await run.compact()
    report(await measure(run))
  } finally {
    await run.stop()
  }
} finally {
  await server.stop()
  await rm(dir, { recursive: true, force: true })
}

async function fill(): Promise<void> {
  await withClient(source, async (client) => {
    await client.query(`create schema measured;
      create table measured.events (
        event_id bigint primary key, shop_id integer not null, kind text not null, amount numeric(12, 2), weight double precision,
        is_open boolean not null, day date not null, at timestamptz not null, token uuid not null, tags text[], code varchar(20))`)
    await client.query(
      `insert into measured.events
       select 9007199254740992 + n, n % 5000, (array['made', 'sent', 'paid', 'lost'])[n % 4 + 1], (n % 1000003) * 1.37,
         sqrt(n), n % 3 = 0, date '2026-01-01' + n % 300, timestamptz '2026-01-01 00:00:00+00' + n * interval '20.000123 s',
         md5(n::text)::uuid, case when n % 5 = 0 then array['tag ' || n % 7, null, 'a,b'] end, case when n % 11 > 0 then 'code ' || n % 999 end
       from generate_series(1, $1::int) n`,
      [rows],
    )
    await client.query('vacuum analyze measured.events')
    await client.query('checkpoint')
  })
}

function open(): Promise<LocalRun> {
  return openLocalRun({
    dir,
    source,
    isEmbedded: true,
    system: 'workforce-postgres',
    contracts,
    patterns: ['workforce.*', 'measured.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    hints: { bytes: 16 << 20, milliseconds: 500 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: (event, fields) => say(`${event} ${JSON.stringify(fields)}`) },
  })
}

interface Measured {
  readonly table: string
  readonly way: string
  readonly rows: number
  readonly ms: number
  readonly peerMs: number
}

interface Result {
  readonly tables: readonly Measured[]
  /** Of the whole proof, its snapshot and sessions included. */
  readonly ms: number
  readonly startMb: number
  readonly peakMb: number
  readonly equal: boolean
}

/* The best round of each: what others take of the machine in one is not the proof's. */
async function measure(run: LocalRun): Promise<Result> {
  const startMb = mb(process.memoryUsage().rss)
  const peak = watchMemory()
  let best: Result | undefined
  for (let round = 0; round < Number(values.rounds); round += 1) {
    say('comparing with the source …')
    const startedAt = performance.now()
    const proof = await run.reconcile(AbortSignal.timeout(DEADLINE_MS))
    const ms = performance.now() - startedAt
    const tables: Measured[] = []
    say('the peer …')
    for (const one of proof.tables) {
      const name = run.tables.find((table) => table.name === one.table)?.source.table ?? one.table
      tables.push({
        table: one.table,
        way: one.way,
        rows: one.sourceRows,
        ms: one.ms,
        peerMs: await peer(name),
      })
    }
    const now = { tables, ms, startMb, peakMb: 0, equal: proof.equal && (best?.equal ?? true) }
    best = best === undefined ? now : bestOf(best, now)
  }
  if (best === undefined) throw new RangeError('--rounds is at least 1')
  return { ...best, peakMb: peak() }
}

function bestOf(one: Result, other: Result): Result {
  const tables = one.tables.map((table, index) => {
    const again = other.tables[index] ?? table
    return { ...table, ms: Math.min(table.ms, again.ms), peerMs: Math.min(table.peerMs, again.peerMs) }
  })
  return { ...one, tables, ms: Math.min(one.ms, other.ms), equal: other.equal }
}

function peer(table: string): Promise<number> {
  return withClient(source, async (client) => {
    const startedAt = performance.now()
    await client.query(
      `select count(*), sum(('x' || left(md5(t::text), 16))::bit(64)::bigint) from ${quoteTable(splitTableName(table))} t`,
    )
    return performance.now() - startedAt
  })
}

function report({ tables, ms, ...rest }: Result): void {
  process.exitCode = rest.equal ? 0 : 1
  const all = {
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    ms,
    peerMs: tables.reduce((sum, table) => sum + table.peerMs, 0),
  }
  const rated = tables
    .filter((table) => table.rows >= RATED_ROWS)
    .map((table) => ({ ...table, ...ratesOf(table) }))
  const slowest = rated.toSorted((one, other) => one.rowsPerSecond - other.rowsPerSecond)[0]
  if (values.json) {
    const each = tables.map((table) => ({
      ...table,
      ms: Math.round(table.ms),
      peerMs: Math.round(table.peerMs),
      ...ratesOf(table),
    }))
    const result = {
      ...all,
      ms: Math.round(ms),
      peerMs: Math.round(all.peerMs),
      ...ratesOf(all),
      slowest: slowest?.table ?? null,
      ...rest,
      tables: each,
    }
    return void process.stdout.write(`${JSON.stringify(result)}\n`)
  }
  const line = (cells: readonly string[]) =>
    `${(cells[0] ?? '').padEnd(32)}${(cells[1] ?? '').padEnd(16)}${cells
      .slice(2)
      .map((cell) => cell.padStart(14))
      .join('')}\n`
  const printed = (name: string, way: string, one: Timed) => {
    const { rowsPerSecond, peerRowsPerSecond, ofPeer } = ratesOf(one)
    return line([name, way, String(one.rows), `${rowsPerSecond}`, `${peerRowsPerSecond}`, `${ofPeer}`])
  }
  process.stdout.write(
    [
      line(['', 'compared', 'rows', 'rows/s', 'peer rows/s', 'of peer']),
      ...tables.map((table) => printed(table.table, table.way, table)),
      printed('all', '', all),
      `slowest of ${RATED_ROWS} rows or more: ${slowest?.table ?? '-'}, ${slowest?.rowsPerSecond ?? '-'} rows/s\n`,
      `memory ${rest.peakMb} MB at most, ${rest.startMb} MB before; ${rest.equal ? 'equal to the source' : 'NOT EQUAL'}\n`,
    ].join(''),
  )
}

type Timed = Pick<Measured, 'rows' | 'ms' | 'peerMs'>

function ratesOf({ rows: count, ms, peerMs }: Timed) {
  const rate = (time: number) => Math.round((count / Math.max(time, 1)) * 1_000)
  return {
    rowsPerSecond: rate(ms),
    peerRowsPerSecond: rate(peerMs),
    ofPeer: Number((peerMs / Math.max(ms, 1)).toFixed(2)),
  }
}
