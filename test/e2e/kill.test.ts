import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Operation } from '../../core/operations/operations.ts'
import { askRun } from '../../local/pipeline/ask-run.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { isWhole, runs, within } from '../support/budget.ts'
import { lastJson, postgresOf, scratchFolder, startTidemark, tidemark } from '../support/tidemark.ts'

/* From nothing, and while a table is added, PostgreSQL too; `npm run test:kills` goes on with all of them. */
const SHORT = [0, 5]
const LIVES = isWhole() || runs(1) > 1 ? Array.from({ length: runs(6) }, (_, life) => life) : SHORT

/* What goes on beside the changes when a life ends; nothing, from before the first page on, when undefined. */
const operations: readonly ((life: number, dir: string) => Promise<Operation> | Operation | undefined)[] = [
  () => undefined,
  () => ({ kind: 'load-start', tables: ['workforce.shifts'], isDryRun: false }),
  () => ({ kind: 'compact', isDryRun: false }),
  () => ({ kind: 'replay', table: 'workforce.shifts', isDryRun: false }),
  () => ({ kind: 'redrive', isDryRun: false }),
  async (life, dir) => {
    const name = `workforce.added_${life}`
    await atSource(
      dir,
      `CREATE TABLE IF NOT EXISTS ${name} (id int PRIMARY KEY, n int);
       INSERT INTO ${name} SELECT i, i FROM generate_series(1, 500) i ON CONFLICT DO NOTHING`,
    )
    return { kind: 'table-add', tables: [name], isLoaded: true, isDryRun: false }
  },
]

test(
  'G10: killed again and again at any moment, beside any operation, PostgreSQL now and then too, nothing is lost and nothing doubled',
  async () => {
    await using folder = await scratchFolder()
    const dir = join(folder.path, 'run')
    const args = ['demo', '--dir', dir, '--rate', '800', '--scale', '0.05']
    for (const life of LIVES) {
      const run = startTidemark(args)
      await moment(life, dir)
      run.kill()
      await run.finished
      if (life % 3 === 2) await killPostgres(dir)
    }

    const end = await tidemark([...args, '--for', '2s', '--json'])
    const result = lastJson(end)
    expect(result, end.stderr).toMatchObject({ equal: true })
    expect(end.code).toBe(0)
    expect(result['changes']).toBeGreaterThan(500)

    const doubled = await tidemark(['query', '--dir', dir, '--json', DOUBLED])
    expect(JSON.parse(doubled.stdout)).toEqual([{ shifts: 0, absences: 0, payslips: 0 }])
    const audit = await tidemark(['status', '--dir', dir, '--audit'])
    expect(audit.code, audit.stdout).toBe(0)
  },
  within(480_000),
)

/* When a life ends: deterministic in what it waits for, so that a failure can be repeated. */
async function moment(life: number, dir: string): Promise<void> {
  const operation = operations[life % operations.length]
  const isCold = life % operations.length === 0
  if (operation === undefined || isCold) await sleep(900 + ((life * 977) % 2_900))
  else await beside(dir, () => operation(life, dir), (life * 37) % 300)
}

/* Resolves so long after the run has taken a request, or when it has answered. */
async function beside(
  dir: string,
  requestOf: () => Promise<Operation> | Operation | undefined,
  milliseconds: number,
): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    await sleep(50)
    if ((await folderHolder(dir)) === undefined) continue
    const asked = { signal: new AbortController().signal, onProgress: () => undefined }
    const operation = await requestOf()
    if (operation === undefined) return
    const answer = askRun(dir, { operation, contracts: {} }, asked).then(
      () => undefined,
      (error: unknown) => error,
    )
    const early = await Promise.race([answer, sleep(milliseconds)])
    /* It starts: it answers nothing yet. Any other refusal is an answer. */
    if (!(early instanceof PipelineError) || !/^run\/(?:locked|not-running)$/.test(early.code)) return
  }
  throw new Error('the run did not start')
}

async function atSource(dir: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: await postgresOf(dir) })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

const DOUBLED = `SELECT
  (SELECT count(*) - count(DISTINCT shift_id) FROM workforce.shifts) AS shifts,
  (SELECT count(*) - count(DISTINCT (employee_id, starts_on)) FROM workforce.absences) AS absences,
  (SELECT count(*) - count(DISTINCT payslip_id) FROM workforce.payslips) AS payslips`

/* As a power cut: the server that outlived its run is killed as well. */
async function killPostgres(dir: string): Promise<void> {
  const file = await readFile(join(dir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined)
  const pid = Number(file?.split('\n')[0])
  if (!Number.isInteger(pid) || pid < 2) return
  process.kill(pid, 'SIGKILL')
  await sleep(300)
}
