/*
 * A full load of a large shifts table, from the embedded PostgreSQL to current, with two peers in the same run:
 * - floor: COPY … TO STDOUT (binary) to nowhere, what the source can give;
 * - DuckDB: the same rows from a CSV file that is there already into one Parquet file, one thread.
 * Reports rows/s, the peak of this process's memory, and ratios.
 * npm run bench:load -- [--rows 5000000] [--json]
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
import { mb, say, withClient } from './measure.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '5000000' }, json: { type: 'boolean', default: false } },
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
  const floor = await timed(() => copy('binary', async () => undefined))
  say('DuckDB, CSV to Parquet …')
  const duckdb = await viaCsv()
  say('load …')
  const load = await fullLoad(rows)
  report(rows, { floor, duckdb, ...load })
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

async function viaCsv(): Promise<number> {
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
  const startedAt = performance.now()
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
    const ms = performance.now() - startedAt
    clearInterval(watch)
    const [load] = run.loads.loads()
    const landed = load?.tables[0]?.files.reduce((sum, file) => sum + file.rows, 0) ?? 0
    say('comparing with the source …')
    const equal = (await run.reconcile(AbortSignal.timeout(DEADLINE_MS))).equal
    return { load: ms, peakMb: mb(peak), startMb: mb(before), equal: equal && landed === rows }
  } finally {
    clearInterval(watch)
    await run.stop()
  }
}

interface Result {
  readonly floor: number
  readonly duckdb: number
  readonly load: number
  readonly peakMb: number
  readonly startMb: number
  readonly equal: boolean
}

function report(rows: number, { floor, duckdb, load, ...rest }: Result): void {
  const rate = (ms: number) => Math.round((rows / ms) * 1_000)
  const result = {
    rows,
    loadRowsPerSecond: rate(load),
    copyRowsPerSecond: rate(floor),
    duckdbRowsPerSecond: rate(duckdb),
    ofCopy: Number((floor / load).toFixed(2)),
    ofDuckdb: Number((duckdb / load).toFixed(2)),
    ...rest,
  }
  if (values.json) return void process.stdout.write(`${JSON.stringify(result)}\n`)
  process.stdout.write(
    [
      `load to current   ${result.loadRowsPerSecond} rows/s, ${result.equal ? 'equal to the source' : 'NOT EQUAL'}`,
      `COPY binary       ${result.copyRowsPerSecond} rows/s: the load reaches ${result.ofCopy} of it`,
      `DuckDB from CSV   ${result.duckdbRowsPerSecond} rows/s: the load reaches ${result.ofDuckdb} of it`,
      `memory            ${result.peakMb} MB at most, ${result.startMb} MB before`,
      '',
    ].join('\n'),
  )
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
