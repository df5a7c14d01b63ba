/*
 * What KPI queries on current cost: files and bytes read, and time, before and after compaction, with days of history:
 * a sample database, then a burst of mixed changes for each day of the lake's clock. The peer of the same run is DuckDB on
 * one Parquet file of each table that has the same rows, by day.
 * npm run bench:query -- [--days 10] [--changes 2000] [--scale 2] [--json]
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { LakeSession } from '../engine/duckdb/lake-session.ts'
import { literal } from '../lake/sql/sql-text.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { openLocalRun } from '../local/run/local-run.ts'
import { createSampleDatabase } from '../local/sample/sample-database.ts'
import { startTraffic } from '../local/sample/traffic.ts'
import { tables as contracts } from '../schemas/index.ts'
import { say } from './measure.ts'

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '10' },
    changes: { type: 'string', default: '2000' },
    scale: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const days = Number(values.days)
const changes = Number(values.changes)
const DEADLINE_MS = 600_000
const DAY_MS = 86_400_000
const ROUNDS = 3

const KPIS: Readonly<Record<string, string>> = {
  'planned hours of one day': `select shop_id, sum(date_diff('minute', starts_at, ends_at) - break_minutes) / 60.0 as hours
    from workforce.shifts where starts_at_day = '2026-09-15' and status <> 'cancelled' group by shop_id`,
  'planned hours of a month': `select shop_id, sum(date_diff('minute', starts_at, ends_at) - break_minutes) / 60.0 as hours
    from workforce.shifts where starts_at_day between '2026-09-01' and '2026-09-30' and status <> 'cancelled' group by shop_id`,
  'labour cost by shop': `select shop_id, sum(labour_cost) as cost from workforce.shifts where status = 'done' group by shop_id`,
  overtime: `select s.employee_id, sum(date_diff('minute', s.starts_at, s.ends_at) - s.break_minutes) / 60.0 - 4.33 * max(c.weekly_hours) as over
    from workforce.shifts s join workforce.employment_contracts c on c.employee_id = s.employee_id
    where s.starts_at_day between '2026-09-01' and '2026-09-30' and s.status = 'done' group by s.employee_id having over > 0`,
  'absence rate': `select a.kind, sum(date_diff('day', a.starts_on, a.ends_on) + 1) as days from workforce.absences a group by a.kind`,
}

/* The tables that the queries read, and the order of the peer's file. */
const PEERS: Readonly<Record<string, string>> = {
  shifts: 'starts_at_day, shift_id',
  employment_contracts: 'employee_id, contract_no',
  absences: 'employee_id, starts_on',
}

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-query-'))
await chmod(dir, 0o755)
const server = await startPostgres({ dir: join(dir, 'postgres'), database: 'workforce' })
try {
  await createSampleDatabase(server.url, { scale: Number(values.scale) })
  let day = 0
  const run = await openLocalRun({
    dir,
    source: { url: server.url },
    isEmbedded: true,
    system: 'workforce-postgres',
    contracts,
    patterns: ['workforce.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    hints: { bytes: 16 << 20, milliseconds: 500 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    now: () => Date.now() - (days - day) * DAY_MS,
    log: { info: () => undefined, warn: (event, fields) => say(`${event} ${JSON.stringify(fields)}`) },
  })
  try {
    await run.loaded(AbortSignal.timeout(DEADLINE_MS))
    for (day = 0; day < days; day += 1) {
      if (day % 10 === 0) say(`day ${day} of ${days} …`)
      const before = run.pipeline.counts().captured
      const traffic = startTraffic(server.url, { changesPerSecond: 4_000, seed: day })
      while (run.pipeline.counts().captured - before < changes) await sleep(50)
      await traffic.stop()
      await run.pipeline.room(1, AbortSignal.timeout(DEADLINE_MS))
    }
    const before = await measure()
    say('compacting …')
    const startedAt = performance.now()
    await run.compact()
    const compactMs = Math.round(performance.now() - startedAt)
    const after = await measure()
    await writePeers(await run.pipeline.catalog.entries())
    const peer: number[] = []
    for (const sql of Object.values(KPIS)) peer.push(await measurePeer(sql))
    const isEqual = (await run.reconcile(AbortSignal.timeout(DEADLINE_MS))).equal
    report({ before, after, peer, compactMs, equal: isEqual })
  } finally {
    await run.stop()
  }

  async function measure(): Promise<readonly Measured[]> {
    const entries = await run.pipeline.catalog.entries()
    const measured: Measured[] = []
    for (const [name, sql] of Object.entries(KPIS)) measured.push(await measureOne(name, sql, entries))
    return measured
  }
} finally {
  await server.stop()
  await rm(dir, { recursive: true, force: true })
}

interface Measured {
  readonly name: string
  readonly files: number
  /** Read by this process, from disk or the system's cache; null where the system does not say. */
  readonly bytes: number | null
  readonly ms: number
}

/* The best of a few rounds, each in a session of its own, as a user's query has. */
async function measureOne(
  name: string,
  sql: string,
  entries: Parameters<typeof LakeSession.open>[0]['entries'],
): Promise<Measured> {
  let best: Measured | undefined
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytesBefore = await bytesRead()
    const startedAt = performance.now()
    const session = await LakeSession.open({ folder: dir, entries })
    try {
      for await (const _ of (await session.query(sql)).batches);
      const ms = Math.round(performance.now() - startedAt)
      const bytesAfter = await bytesRead()
      const bytes = bytesBefore === null || bytesAfter === null ? null : bytesAfter - bytesBefore
      const files = best?.files ?? (await filesRead(session, sql))
      if (best === undefined || ms < best.ms) best = { name, files, bytes, ms }
    } finally {
      session.close()
    }
  }
  if (best === undefined) throw new RangeError('no round')
  return best
}

function peerFile(table: string): string {
  return literal(join(dir, 'lake', `peer-${table}.parquet`))
}

/* The sandbox lets a session write below the lake, too. */
async function writePeers(entries: Parameters<typeof LakeSession.open>[0]['entries']): Promise<void> {
  const session = await LakeSession.open({ folder: dir, entries })
  try {
    for (const [table, order] of Object.entries(PEERS)) {
      const rows = `SELECT * FROM workforce.${table} ORDER BY ${order}`
      await session.prepare(rows)
      await session.connection.run(`COPY (${rows}) TO ${peerFile(table)} (FORMAT parquet, COMPRESSION zstd)`)
    }
  } finally {
    session.close()
  }
}

/* As `measureOne`: with the opening, the best of a few rounds, in milliseconds. */
async function measurePeer(sql: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now()
    const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB' })
    const connection = await instance.connect()
    try {
      await connection.run(`SET TimeZone = 'UTC'; CREATE SCHEMA workforce`)
      for (const table of Object.keys(PEERS))
        await connection.run(`CREATE VIEW workforce.${table} AS FROM read_parquet(${peerFile(table)})`)
      await connection.runAndReadAll(sql)
      best = Math.min(best, Math.round(performance.now() - startedAt))
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }
  return best
}

async function filesRead(session: LakeSession, sql: string): Promise<number> {
  const reader = await session.connection.runAndReadAll(`EXPLAIN (ANALYZE, FORMAT json) ${sql}`)
  const text = String(reader.getRows()[0]?.[1] ?? '')
  return [...text.matchAll(/"Total Files Read": "?(\d+)/g)].reduce((sum, [, files]) => sum + Number(files), 0)
}

async function bytesRead(): Promise<number | null> {
  const text = await readFile('/proc/self/io', 'utf8').catch(() => undefined)
  const found = /^rchar: (\d+)/m.exec(text ?? '')?.[1]
  return found === undefined ? null : Number(found)
}

interface Result {
  readonly before: readonly Measured[]
  readonly after: readonly Measured[]
  /** Milliseconds of the peer. */
  readonly peer: readonly number[]
  readonly compactMs: number
  readonly equal: boolean
}

function report(result: Result): void {
  if (values.json) return void process.stdout.write(`${JSON.stringify(result)}\n`)
  const line = (cells: readonly string[]) =>
    `${(cells[0] ?? '').padEnd(28)}${cells
      .slice(1)
      .map((cell) => cell.padStart(14))
      .join('')}\n`
  process.stdout.write(
    line(['', 'files', 'bytes', 'ms', 'files after', 'bytes after', 'ms after', 'peer ms', 'of peer']),
  )
  for (const [index, before] of result.before.entries()) {
    const after = result.after[index]
    if (after === undefined) continue
    process.stdout.write(
      line([
        before.name,
        ...cellsOf(before),
        ...cellsOf(after),
        String(result.peer[index]),
        `${(after.ms / Math.max(result.peer[index] ?? 0, 1)).toFixed(1)} x`,
      ]),
    )
  }
  process.stdout.write(
    `compaction of ${days} days: ${result.compactMs} ms; ${result.equal ? 'equal to the source' : 'NOT EQUAL'}\n`,
  )
}

function cellsOf({ files, bytes, ms }: Measured): readonly string[] {
  return [String(files), bytes === null ? '-' : `${(bytes / 1e6).toFixed(1)} MB`, String(ms)]
}
