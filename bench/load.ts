/*
 * A full load of a large shifts table, from the embedded PostgreSQL to current, with three peers in the same run:
 * - COPY … TO STDOUT (binary) to nowhere, what the source can give;
 * - DuckDB: the same rows from a CSV file that is there already into one Parquet file, one thread;
 * - ClickHouse (chdb): postgresql() into one Parquet file, in a process of its own, where npm can install it (550 MB, in the benchmark's folder).
 * Reports rows/s, ratios, seconds of processor time and the peak of memory; exit code 1 where the lake is not equal.
 * npm run bench:load -- [--rows 1000000] [--no-rival] [--json]
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { to as copyTo } from 'pg-copy-streams'
import { DuckEngine } from '../engine/duckdb/duck-engine.ts'
import type { Source } from '../engine/postgres/connection/source-connection.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { openLocalRun } from '../local/run/local-run.ts'
import { createSampleDatabase } from '../local/sample/sample-database.ts'
import { tables as contracts } from '../schemas/index.ts'
import { mb, say, withClient, without } from './measure.ts'
import { type Taken, viaClickHouse } from './rival/copy.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rival: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const wanted = Number(values.rows)
const DEADLINE_MS = 1_800_000

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-load-'))
await chmod(dir, 0o755)
const server = await startPostgres({ dir: join(dir, 'postgres'), database: 'workforce' })
const source: Source = { url: server.url }
try {
  await createSampleDatabase(server.url)
  const rows = await fill()
  say(`${rows} rows; COPY to nowhere …`)
  const copied = await timed(() => copy('binary', async () => undefined))
  say('DuckDB, CSV to Parquet …')
  const duckdb = await viaCsv()
  if (values.rival) say('ClickHouse: installing, then PostgreSQL to Parquet …')
  const rival = values.rival ? await viaClickHouse(dir, server.url).catch(without) : undefined
  say('load …')
  const load = await fullLoad(rows)
  report(rows, { copied, duckdb, rival, ...load })
  process.exitCode = load.isEqual ? 0 : 1
} finally {
  await server.stop()
  await rm(dir, { recursive: true, force: true })
}

/* The sample's half year again and again, under new numbers: its long notes, lists and documents come along. */
async function fill(): Promise<number> {
  return withClient(source, async (client) => {
    const counted = async () =>
      Number((await client.query('select count(*)::int as n from workforce.shifts')).rows[0]?.n)
    const base = await counted()
    const copies = Math.max(Math.ceil(wanted / base) - 1, 0)
    say(`filling to ${wanted} rows …`)
    for (let copy = 1; copy <= copies; copy += 1)
      await client.query(
        `insert into workforce.shifts select shift_id + $1::bigint * 1000000000, shop_id, employee_id, starts_at, ends_at,
           break_minutes, status, labour_cost, tags, plan, notes, updated_at
         from workforce.shifts where shift_id < 9007199254740992 + 1000000000
         limit $2`,
        [copy, Math.max(Math.min(base, wanted - copy * base), 0)],
      )
    await client.query('vacuum analyze workforce.shifts')
    await client.query('checkpoint')
    return counted()
  })
}

async function copy(format: 'binary' | 'csv', take: (chunk: Buffer) => Promise<unknown>): Promise<void> {
  await withClient(source, async (client) => {
    const stream = client.query(copyTo(`COPY workforce.shifts TO STDOUT (FORMAT ${format})`))
    for await (const chunk of stream as AsyncIterable<Buffer>) await take(chunk)
  })
}

async function viaCsv(): Promise<Taken> {
  const csv = join(dir, 'shifts.csv')
  const out = createWriteStream(csv)
  await copy('csv', async (chunk) => {
    if (!out.write(chunk)) await once(out, 'drain')
  })
  out.end()
  await once(out, 'close')
  await mkdir(join(dir, 'spill'))
  const engine = await DuckEngine.open({ temporary: join(dir, 'spill'), memory: '1GB', threads: 1 })
  const columns = `{'shift_id': 'BIGINT', 'shop_id': 'INTEGER', 'employee_id': 'VARCHAR', 'starts_at': 'TIMESTAMPTZ',
    'ends_at': 'TIMESTAMPTZ', 'break_minutes': 'SMALLINT', 'status': 'VARCHAR', 'labour_cost': 'DECIMAL(12,2)', 'tags': 'VARCHAR',
    'plan': 'VARCHAR', 'notes': 'VARCHAR', 'updated_at': 'TIMESTAMPTZ'}`
  try {
    return await timed(() =>
      engine.run(
        `COPY (SELECT * FROM read_csv('${csv}', header = false, columns = ${columns}))
         TO '${join(dir, 'shifts.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
      ),
    )
  } finally {
    engine.close()
    await rm(csv)
  }
}

async function fullLoad(rows: number) {
  const before = process.memoryUsage().rss
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 50)
  const taken = stopwatch()
  const run = await openLocalRun({
    dir,
    source,
    isEmbedded: true,
    system: 'workforce-postgres',
    contracts,
    patterns: ['workforce.shifts'],
    slot: 'tidemark',
    publication: 'tidemark',
    hints: { bytes: 16 << 20, milliseconds: 1_000 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: (event, fields) => say(`${event} ${JSON.stringify(fields)}`) },
  })
  try {
    await run.loaded(AbortSignal.timeout(DEADLINE_MS))
    const load = { ...taken(), peakMb: mb(peak) }
    clearInterval(watch)
    const [loaded] = run.loads.loads()
    const landed = loaded?.tables[0]?.files.reduce((sum, file) => sum + file.rows, 0) ?? 0
    say('comparing with the source …')
    const { equal } = await run.reconcile(AbortSignal.timeout(DEADLINE_MS))
    return { load, startMb: mb(before), isEqual: equal && landed === rows }
  } finally {
    clearInterval(watch)
    await run.stop()
  }
}

interface Result {
  readonly copied: Taken
  readonly duckdb: Taken
  /** Undefined where it could not be installed. */
  readonly rival: Taken | undefined
  readonly load: Taken
  readonly startMb: number
  readonly isEqual: boolean
}

function report(rows: number, { copied, duckdb, rival, load, startMb, isEqual }: Result): void {
  const of = (taken: Taken) => ({
    rowsPerSecond: Math.round((rows / taken.ms) * 1_000),
    cpuSeconds: Number((taken.cpuMs / 1_000).toFixed(1)),
    /* What the load reaches of it. */
    ratio: Number((taken.ms / load.ms).toFixed(2)),
    peakMb: taken.peakMb,
  })
  const parts = {
    'load to current': of(load),
    'COPY binary': of(copied),
    'DuckDB from CSV': of(duckdb),
    ...(rival === undefined ? {} : { 'ClickHouse to Parquet': of(rival) }),
  }
  if (values.json)
    return void process.stdout.write(`${JSON.stringify({ rows, parts, startMb, equal: isEqual })}\n`)
  const lines = Object.entries(parts).map(([name, { rowsPerSecond, cpuSeconds, ratio, peakMb }]) =>
    line(name, rowsPerSecond, cpuSeconds, peakMb ?? '-', name === 'load to current' ? '-' : ratio),
  )
  if (values.rival && rival === undefined)
    lines.push(line('ClickHouse to Parquet', 'not installed', '-', '-', '-'))
  process.stdout.write(
    [
      line('', 'rows/s', 'cpu s', 'MB', 'load reaches'),
      ...lines,
      `${rows} rows, ${startMb} MB before; ${isEqual ? 'equal to the source' : 'NOT EQUAL to the source'}`,
      '',
    ].join('\n'),
  )
}

function line(name: string, ...cells: readonly (string | number)[]): string {
  return [name.padEnd(24), ...cells.map((cell) => String(cell).padStart(14))].join('')
}

async function timed(work: () => Promise<unknown>): Promise<Taken> {
  const taken = stopwatch()
  await work()
  return taken()
}

/* Processor time of this process: PostgreSQL's own is not in it. */
function stopwatch(): () => Taken {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { ms: performance.now() - startedAt, cpuMs: (user + system) / 1_000 }
  }
}
