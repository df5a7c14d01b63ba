/*
 * How many mixed changes a second the local pipeline sustains, and how much memory it holds meanwhile.
 * 1. Sustained: traffic at a fixed rate for a while; the lake must keep up (pages behind, freshness) and be equal.
 * 2. Backlog: the pipeline stops, changes pile up, it starts again: how fast it catches up. The peer of the same run
 *    reads the same changes from a second slot and throws them away: the ceiling of any consumer of this reader.
 *    The rival of the same run is ClickHouse's MaterializedPostgreSQL, which was stopped while they piled up, too.
 * npm run bench:pipeline -- [--seconds 30] [--rate 6000] [--no-rival] [--json]
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readSourceCatalog } from '../engine/postgres/catalog/source-catalog.ts'
import { closeClient, connectSource, type Source } from '../engine/postgres/connection/source-connection.ts'
import { streamChanges } from '../engine/postgres/stream/stream-changes.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { type LocalRun, openLocalRun } from '../local/run/local-run.ts'
import { createSampleDatabase } from '../local/sample/sample-database.ts'
import { startTraffic } from '../local/sample/traffic.ts'
import { tables as contracts } from '../schemas/index.ts'
import { say, without } from './measure.ts'
import { Mirror } from './rival/mirror.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '6000' },
    rival: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const BACKLOG = 100_000
const DEADLINE_MS = 300_000
const RIVAL_MS = 60_000

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
await chmod(dir, 0o755)
/* A rival that is paused does not answer. */
const server = await startPostgres({
  dir: join(dir, 'postgres'),
  database: 'workforce',
  settings: { wal_sender_timeout: '0' },
})
const source: Source = { url: server.url }
try {
  await createSampleDatabase(server.url)
  const first = await open()
  await first.loaded(AbortSignal.timeout(DEADLINE_MS))
  say(`loaded; ${rate} changes/s for ${seconds} s …`)
  const sustained = await sustain(first)
  const equalAfterTraffic = (await first.reconcile(AbortSignal.timeout(DEADLINE_MS))).equal
  await first.stop()
  const rival = values.rival ? await openRival() : undefined
  say('backlog …')
  const backlog = await drain(rival).finally(() => rival?.close())
  report({ ...sustained, ...backlog, equal: equalAfterTraffic && backlog.equal })
} finally {
  await server.stop()
  await rm(dir, { recursive: true, force: true })
}

function open(): Promise<LocalRun> {
  return openLocalRun({
    dir,
    source,
    isEmbedded: true,
    system: 'workforce-postgres',
    contracts,
    patterns: ['workforce.*'],
    slot: 'tidemark',
    publication: 'tidemark',
    hints: { bytes: 16 << 20, milliseconds: 1_000 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: (event, fields) => say(`${event} ${JSON.stringify(fields)}`) },
  })
}

/* Memory of the two halves side by side: a leak shows as growth. */
async function sustain(run: LocalRun) {
  const before = run.pipeline.counts().captured
  const memory: number[] = []
  const behind: number[] = []
  const startedAt = performance.now()
  const traffic = startTraffic(server.url, { changesPerSecond: rate })
  while (performance.now() - startedAt < seconds * 1_000) {
    await sleep(1_000)
    const { memoryMb, pagesBehind } = run.status()
    memory.push(memoryMb)
    behind.push(pagesBehind)
  }
  const captured = run.pipeline.counts().captured - before
  const elapsed = (performance.now() - startedAt) / 1_000
  await traffic.stop()
  const half = Math.floor(memory.length / 2)
  return {
    sustainedPerSecond: Math.round(captured / elapsed),
    freshnessMs: run.status().freshnessMs,
    maxPagesBehind: Math.max(...behind),
    memoryMb: {
      firstHalfMax: Math.max(...memory.slice(0, half)),
      secondHalfMax: Math.max(...memory.slice(half)),
    },
  }
}

async function openRival(): Promise<Mirror | undefined> {
  say('ClickHouse: installing, then copying the tables …')
  return Mirror.open(join(dir, 'rival'), source, RIVAL_MS).catch(without)
}

async function drain(rival: Mirror | undefined) {
  await sql(`SELECT pg_create_logical_replication_slot('bench_null', 'pgoutput')`)
  const traffic = startTraffic(server.url, { changesPerSecond: 20_000 })
  for (let made = 0; made < BACKLOG; await sleep(100)) {
    const { insert, update, delete: deleted } = traffic.report().changes
    made = insert + update + deleted
  }
  await traffic.stop()
  const end = BigInt(await sql(`SELECT (pg_current_wal_flush_lsn() - '0/0')::text AS value`))
  const nothing = await nullSink(end)
  const startedAt = performance.now()
  const run = await open()
  await run.pipeline.reach(end, AbortSignal.timeout(DEADLINE_MS))
  const elapsed = (performance.now() - startedAt) / 1_000
  const changes = run.pipeline.counts().captured
  const perSecond = Math.round(changes / elapsed)
  const { equal } = await run.reconcile(AbortSignal.timeout(DEADLINE_MS))
  await run.stop()
  say('the same backlog by ClickHouse …')
  const mirrored = await rival?.drain(RIVAL_MS)
  const theirs = mirrored === undefined ? null : Math.round(changes / mirrored.seconds)
  return {
    backlogPerSecond: perSecond,
    nullSinkPerSecond: nothing,
    ratio: Number((perSecond / nothing).toFixed(3)),
    rivalPerSecond: theirs,
    ratioToRival: theirs === null ? null : Number((perSecond / theirs).toFixed(2)),
    rivalMb: mirrored?.peakMb ?? null,
    rivalEqual: mirrored?.equal ?? null,
    equal,
  }
}

/* The reader alone: decoded, rendered as DMS records, thrown away. */
async function nullSink(end: bigint): Promise<number> {
  const client = await connectSource(source)
  const tables = await readSourceCatalog(client, ['workforce.*'])
  await closeClient(client)
  const done = new AbortController()
  let records = 0
  const startedAt = performance.now()
  await streamChanges({
    source,
    slot: 'bench_null',
    publication: 'tidemark',
    tables,
    startLsn: 0n,
    deliver: async (batch) => {
      records += batch.records.length
      if (batch.through >= end) done.abort()
    },
    onIdle: (lsn) => (lsn >= end ? done.abort() : undefined),
    signal: AbortSignal.any([done.signal, AbortSignal.timeout(DEADLINE_MS)]),
    log: () => undefined,
  })
  return Math.round(records / ((performance.now() - startedAt) / 1_000))
}

async function sql(text: string): Promise<string> {
  const client = await connectSource(source)
  const { rows } = await client.query<{ value?: string }>(text)
  await closeClient(client)
  return rows[0]?.value ?? ''
}

function report(result: Record<string, unknown>): void {
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else
    for (const [name, value] of Object.entries(result))
      process.stdout.write(`${name.padEnd(20)} ${JSON.stringify(value)}\n`)
  process.exitCode = result['equal'] === true ? 0 : 1
}
