/*
 * Many small tables: what each further table costs where work is done for all of them.
 * Loads tables of three rows, compacts them, waits, changes rows of all of them, adds one more, starts again, compares with
 * the source, asks one. Reports times, the share of a core while nothing happens, memory, and bytes written for each table.
 * npm run bench:tables -- [--tables 2000] [--changes 10000] [--idle 30] [--json]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LakeSession } from '../engine/duckdb/lake-session.ts'
import { closeClient, connectSource, type Source } from '../engine/postgres/connection/source-connection.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { type LocalRun, openLocalRun } from '../local/run/local-run.ts'
import { runFolder } from '../local/state/run-folder.ts'
import { storedEntries } from '../local/state/state-file.ts'
import { say, watchMemory } from './measure.ts'

const { values } = parseArgs({
  options: {
    tables: { type: 'string', default: '2000' },
    changes: { type: 'string', default: '10000' },
    idle: { type: 'string', default: '30' },
    'skip-compaction': { type: 'boolean', default: false },
    until: { type: 'string', default: 'end' },
    json: { type: 'boolean', default: false },
  },
})
const tableCount = Number(values.tables)
const changeCount = Number(values.changes)
const idleSeconds = Number(values.idle)
const DEADLINE_MS = 3_600_000
/* Tables made in one transaction: each takes a lock, and the server has room for some thousand. */
const BATCH = 500
const TICKS_PER_SECOND = 100
const COMMAND = fileURLToPath(new URL('../bin/tidemark.mjs', import.meta.url))

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-tables-'))
await chmod(dir, 0o755)
const server = await startPostgres({ dir: join(dir, 'postgres'), database: 'many' })
const source: Source = { url: server.url }
try {
  await makeTables()
  const result = await measure()
  report(result)
} finally {
  await server.stop()
  await rm(dir, { recursive: true, force: true })
}

async function makeTables(): Promise<void> {
  say(`making ${tableCount} tables …`)
  await sql('create schema many')
  for (let from = 1; from <= tableCount; from += BATCH)
    await sql(
      `do $$ begin for n in ${from}..${Math.min(from + BATCH - 1, tableCount)} loop
         execute format('create table many.%I (id bigint primary key, name text not null, amount numeric(12,2), at timestamptz)', 't' || lpad(n::text, 5, '0'));
         execute format('insert into many.%I select i, ''row '' || i, i * 1.25, ''2026-01-01 00:00:00+00'' from generate_series(1, 3) i', 't' || lpad(n::text, 5, '0'));
       end loop; end $$`,
    )
}

const MANY = ['--tables', 'many.*']

function inferAll() {
  const into = ['--owner', 'a@example.com', '--out', join(dir, 'contracts')]
  return command(['contract', 'infer', '--from', source.url, ...MANY, ...into])
}

async function measure() {
  let run = await open()
  try {
    const peak = watchMemory()
    say('loading …')
    const written = await bytesWritten()
    const load = await timed(() => run.loaded(deadline()))
    const loadBytes = (await bytesWritten()) - written
    if (values.until === 'load')
      return { load, kilobytesPerTable: Math.round(loadBytes / tableCount / 1_024), equal: true }
    const compact = values['skip-compaction'] ? undefined : await compactTwice(run)
    say(`waiting ${idleSeconds} s …`)
    const idle = await idleShare()
    say('looking at the source …')
    const look = await timed(() => run.look())
    if (values.until === 'idle') return { load, idle, look, equal: true }
    say(`${changeCount} changes …`)
    const changes = await timed(() => change(run))
    say('adding a table …')
    const add = await timed(() => addOne(run))
    const loadedPeakMb = peak()
    say('status …')
    const status = await timed(() => command(['status', '--dir', dir, '--json']))
    await run.stop()
    say('starting again …')
    const start = await timed(async () => {
      run = await open()
      await run.loaded(deadline())
    })
    if (values.until === 'start') return { load, look, changes, add, status, start, equal: true }
    say('doctor …')
    const doctor = await timed(() => command(['doctor', '--source', source.url, '--dir', dir, ...MANY]))
    say('contract infer …')
    const infer = await timed(inferAll)
    say('comparing with the source …')
    let equal = false
    const reconcile = await timed(async () => {
      equal = (await run.reconcile(deadline())).equal
    })
    const query = await timed(askOne)
    return {
      tables: tableCount,
      load,
      kilobytesPerTable: Math.round(loadBytes / tableCount / 1_024),
      ...compact,
      idleShareOfCore: idle,
      look,
      changes,
      add,
      status,
      start,
      doctor,
      infer,
      reconcile,
      query,
      peakMb: loadedPeakMb,
      equal,
    }
  } finally {
    await run.stop()
  }
}

async function compactTwice(run: LocalRun) {
  say('compacting …')
  const compact = await timed(() => run.compact())
  return { compact, compactAgain: await timed(() => run.compact()) }
}

function open(): Promise<LocalRun> {
  return openLocalRun({
    dir,
    source,
    isEmbedded: true,
    system: 'many-postgres',
    contracts: [],
    patterns: ['many.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    hints: { bytes: 16 << 20, milliseconds: 1_000 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: (event, fields) => say(`${event} ${JSON.stringify(fields)}`) },
  })
}

/* Each transaction changes a hundred tables in turn, so that every table gets a few changes, far apart. */
async function change(run: LocalRun): Promise<void> {
  const client = await connectSource(source, { applicationName: 'tidemark bench', queryMs: 0 })
  try {
    for (let from = 0; from < changeCount; from += 100)
      await client.query(
        `do $$ begin for n in ${from}..${Math.min(from + 100, changeCount) - 1} loop
           execute format('insert into many.%I values ($1, ''changed'', 1.5, now())', 't' || lpad((n % ${tableCount} + 1)::text, 5, '0'))
             using 1000 + n;
         end loop; end $$`,
      )
    const { rows } = await client.query<{ lsn: string }>(
      `select (pg_current_wal_flush_lsn() - '0/0')::text as lsn`,
    )
    await run.pipeline.reach(BigInt(rows[0]?.lsn ?? 0), deadline())
  } finally {
    await closeClient(client)
  }
}

async function addOne(run: LocalRun): Promise<void> {
  await sql('create table many.added (id int primary key); insert into many.added values (1)')
  await run.addTables(
    { tables: ['many.added'], isLoaded: true, isDryRun: false, contracts: {} },
    { signal: deadline(), onStep: () => undefined },
  )
  await run.loaded(deadline())
}

async function askOne(): Promise<void> {
  const entries = await storedEntries(runFolder(dir))
  const name = entries.find(({ table }) => table.source === 'many.t00001')?.table.name ?? ''
  const session = await LakeSession.open({ folder: dir, entries })
  try {
    const { batches } = await session.query(`select count(*) from ${name}`)
    for await (const _ of batches);
  } finally {
    session.close()
  }
}

async function idleShare(): Promise<number> {
  /* What the compaction and the loads left to collect is theirs. */
  await sleep(2_000)
  const before = process.cpuUsage()
  const startedAt = performance.now()
  await sleep(idleSeconds * 1_000)
  const { user, system } = process.cpuUsage(before)
  return Number(((user + system) / 1_000 / (performance.now() - startedAt)).toFixed(3))
}

/* Handed to the kernel by this process, sockets included; 0 where the system does not say. */
async function bytesWritten(): Promise<number> {
  const text = await readFile('/proc/self/io', 'utf8').catch(() => '')
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0)
}

/* Seconds that passed, and of processor time, commands included: others may work on the machine. */
async function timed(work: () => Promise<unknown>): Promise<{ readonly s: number; readonly cpu: number }> {
  const before = await cpuSeconds()
  const startedAt = performance.now()
  await work()
  return {
    s: rounded((performance.now() - startedAt) / 1_000),
    cpu: rounded((await cpuSeconds()) - before),
  }
}

/* Of commands that have ended, too, where the system says. */
async function cpuSeconds(): Promise<number> {
  const { user, system } = process.cpuUsage()
  const text = await readFile('/proc/self/stat', 'utf8').catch(() => '')
  const [childUser = 0, childSystem = 0] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
    .map(Number)
  return (user + system) / 1_000_000 + (childUser + childSystem) / TICKS_PER_SECOND
}

async function command(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code === 2) throw new Error(`${args[0]} failed`)
}

async function sql(text: string): Promise<void> {
  const client = await connectSource(source, { applicationName: 'tidemark bench', queryMs: 0 })
  try {
    await client.query(text)
  } finally {
    await closeClient(client)
  }
}

function report(result: Record<string, unknown>): void {
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else
    for (const [name, value] of Object.entries(result))
      process.stdout.write(`${name.padEnd(20)} ${JSON.stringify(value)}\n`)
  process.exitCode = result['equal'] === true ? 0 : 1
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
