/*
 * Follows every odd table side by side while the application writes and the schema changes, then compares both sides row
 * by row with a program of its own. `npm run test:odd-tables -- --minutes 10 --major 18 --seed 1`. Exit code 1: rows differ, or a
 * statement of the application failed.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../local/embedded-postgres/start-postgres.ts'
import { testedMajor } from '../support/postgres-majors/tested-majors.ts'
import { type Running, scratchFolder, startTidemark, tidemark } from '../support/tidemark.ts'
import { type AskLake, differences } from './compare-sides.ts'
import { type Dice, type OddTable, oddTables } from './odd-tables.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    major: { type: 'string', default: '18' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const minutes = Number(values.minutes)
const major = Number(values.major)
const dice = diceOf(Number(values.seed))
/* Catching up after the last statement, loads of tables that were marked included. */
const PATIENCE_MS = 180_000

function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}

class Application {
  readonly failures = new Map<string, number>()
  statements = 0
  private readonly client: pg.Client
  private readonly tables: readonly OddTable[]

  constructor(client: pg.Client, tables: readonly OddTable[]) {
    this.client = client
    this.tables = tables
  }

  async perform(sql: string): Promise<void> {
    this.statements += 1
    await this.client.query(sql).catch((error: unknown) => {
      const told = `${sql.slice(0, 80)}: ${error instanceof Error ? error.message : String(error)}`
      this.failures.set(told, (this.failures.get(told) ?? 0) + 1)
    })
  }

  async work(until: number): Promise<void> {
    while (Date.now() < until) {
      const table = this.tables[dice(this.tables.length)]
      if (table !== undefined) await this.perform(table.write(dice))
      await sleep(5)
    }
  }

  /* Each table's definitions keep their order; those of all are spread over the time. */
  async migrate(until: number): Promise<void> {
    const steps = this.tables.flatMap(({ meanwhile = [] }) =>
      meanwhile.map((sql, index) => ({ sql, at: (index + 0.5) / meanwhile.length })),
    )
    const begin = Date.now()
    for (const { sql, at } of steps.toSorted((one, other) => one.at - other.at)) {
      await sleep(Math.max(0, begin + at * (until - begin) * 0.9 - Date.now()))
      say(sql.slice(0, 100))
      await this.perform(sql)
    }
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

async function start(scratch: string): Promise<PostgresServer> {
  const { project, isMissing, title } = await testedMajor(major)
  if (isMissing) throw new Error(title)
  return startPostgres({
    dir: join(scratch, 'source'),
    database: 'odd',
    ...(project === undefined ? {} : { project }),
  })
}

/* What a run has to bear beside: proofs that heal, compactions, and one kill. */
async function disturb(follow: { run: Running }, args: readonly string[], until: number): Promise<void> {
  const at = (share: number) => until - (1 - share) * minutes * 60_000
  const dir = args.slice(args.indexOf('--dir'), args.indexOf('--dir') + 2)
  for (const [share, what] of [
    [0.2, 'heal'],
    [0.4, 'compact'],
    [0.5, 'kill'],
    [0.7, 'heal'],
    [0.85, 'compact'],
  ] as const) {
    await sleep(Math.max(0, at(share) - Date.now()))
    say(`tidemark: ${what}`)
    if (what === 'heal') await tidemark(['reconcile', ...dir, '--repair'], environment)
    else if (what === 'compact') await tidemark(['compact', ...dir])
    else {
      follow.run.kill()
      await follow.run.finished
      follow.run = startTidemark(args, environment)
    }
  }
}

let environment: Readonly<Record<string, string>> = {}

async function main(): Promise<number> {
  say(`PostgreSQL ${major}, ${minutes} minutes, seed ${values.seed}`)
  await using scratch = await scratchFolder()
  const server = await start(scratch.path)
  environment = { TIDEMARK_SOURCE: server.url }
  const tables = oddTables(major)
  const clients = await Promise.all([connect(server.url), connect(server.url), connect(server.url)])
  const [first, second, third] = clients
  await first.query('CREATE SCHEMA odd; CREATE SCHEMA "app.v2"; CREATE SCHEMA "a.b"; CREATE SCHEMA a')
  for (const { create } of tables) for (const sql of create) await first.query(sql)
  const dir = join(scratch.path, 'run')
  const lake: AskLake = async (sql) => {
    const { stdout, stderr, code } = await tidemark(['query', '--dir', dir, '--json', sql])
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout) as Record<string, unknown>[]
  }
  const args = ['dev', '--tables', 'odd.*', 'a.*', '"a.b".*', '"app.v2".*', '--dir', dir]
  const follow = { run: startTidemark(args, environment) }
  const until = Date.now() + minutes * 60_000
  const [one, two] = [new Application(first, tables), new Application(second, tables)]
  await Promise.all([one.work(until), two.migrate(until), disturb(follow, args, until)])
  /* A table that could not be followed at one start, and can be now, is followed from the next on. */
  follow.run.interrupt()
  await follow.run.finished
  follow.run = startTidemark(args, environment)
  say(`${one.statements + two.statements} statements; waiting for the lake`)
  const followed = tables.filter((table) => table.lake !== undefined)
  let left = new Map<string, readonly string[]>()
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(5_000)) {
    left = new Map()
    for (const table of followed) {
      const found = await differences(table, third, lake).catch((error: unknown) => [String(error)])
      if (found.length > 0) left.set(table.name, found)
    }
    if (left.size === 0 || Date.now() > deadline) break
  }
  follow.run.interrupt()
  const end = await follow.run.finished
  for (const [name, found] of left)
    say(`DIFFERENT ${name}: ${found.length}\n  ${found.slice(0, 5).join('\n  ')}`)
  for (const failure of [...one.failures, ...two.failures]) say(`FAILED ${failure.join(' × ')}`)
  const lines = end.stderr.split('\n').filter((line) => !line.startsWith('captured '))
  if (left.size > 0) say(lines.slice(-80).join('\n'))
  await Promise.all(clients.map((client) => client.end()))
  await server.stop()
  const bad = left.size + one.failures.size + two.failures.size
  say(bad === 0 ? `${followed.length} tables equal, no statement of the application failed` : 'NOT RIGHT')
  return bad === 0 ? 0 : 1
}

process.exitCode = await main()
