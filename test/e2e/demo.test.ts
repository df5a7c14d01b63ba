import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Finished,
  inProcess,
  lastJson,
  scratchFolder,
  startTidemark,
  tidemark,
  untilStatus,
} from '../support/tidemark.ts'

type Scratch = Awaited<ReturnType<typeof scratchFolder>>

interface Demo {
  readonly scratch: Scratch
  readonly dir: string
  readonly whileRunning: {
    readonly query: Finished
    readonly status: Finished
    readonly reconcile: Finished
    readonly second: Finished
    readonly doctor: Finished
  }
  readonly end: Finished
}

let demo: Demo

/* One run serves every test of the file: it is what a user does in the first minutes. */
beforeAll(async () => {
  const scratch = await scratchFolder()
  const dir = join(scratch.path, 'run')
  const args = ['demo', '--dir', dir, '--scale', '0.02', '--rate', '200', '--json']
  const run = startTidemark(args)
  await untilStatus(dir, (tables) =>
    tables.some(({ table, state }) => table === 'workforce.shifts' && state === 'streaming'),
  )
  const query = await tidemark([
    'query',
    '--dir',
    dir,
    '--json',
    'select count(*) as rows from workforce.shifts',
  ])
  const status = await tidemark(['status', '--dir', dir, '--json'])
  const second = await tidemark(args)
  const doctor = await inProcess(['doctor', '--dir', dir, '--json'])
  const reconcile = await inProcess(['reconcile', '--dir', dir, '--json'])
  run.interrupt()
  demo = { scratch, dir, whileRunning: { query, status, reconcile, second, doctor }, end: await run.finished }
}, 240_000)

afterAll(async () => {
  await demo?.scratch[Symbol.asyncDispose]()
})

describe('the demo', () => {
  test('G2: ends at Ctrl-C with every table equal, and says so in one line of JSON', () => {
    const result = lastJson(demo.end)
    expect(result, demo.end.stderr).toMatchObject({
      equal: true,
      changes: expect.any(Number),
      quarantined: expect.any(Number),
    })
    expect(result['freshnessMs']).toEqual({ p50: expect.any(Number), p99: expect.any(Number) })
    const tables = result['tables'] as { table: string; equal: boolean; sourceRows: number }[]
    expect(tables.map(({ table }) => table)).toEqual([
      'workforce.absences',
      'workforce.employees',
      'workforce.employment_contracts',
      'workforce.payslips',
      'workforce.shifts',
      'workforce.shops',
    ])
    expect(tables.every(({ equal, sourceRows }) => equal && sourceRows > 0)).toBe(true)
    expect(demo.end.code).toBe(0)
  })

  test('can be queried, watched and reconciled while it runs, and started only once', () => {
    const { query, status, reconcile, second } = demo.whileRunning
    expect(JSON.parse(query.stdout)[0].rows).toBeGreaterThan(0)
    expect(JSON.parse(status.stdout)).toMatchObject({ running: true, address: 'embedded PostgreSQL' })
    expect(lastJson(reconcile), reconcile.stderr).toMatchObject({ equal: true })
    expect(reconcile.code).toBe(0)
    expect(lastJson(second)).toMatchObject({ error: { code: 'run/locked' } })
    expect(second.code).toBe(2)
  })

  test('has what it needs while it runs, its own slot and source among it', () => {
    const { checks } = JSON.parse(demo.whileRunning.doctor.stdout) as { checks: Record<string, string>[] }
    const of = (id: string) => checks.find((check) => check['id'] === id)
    expect(checks.filter(({ state }) => state === 'fail')).toEqual([])
    expect(of('folder.process')?.['message']).toMatch(/^runs, process \d+$/)
    expect(of('source.slot')).toMatchObject({ state: 'ok', message: expect.stringContaining('read by') })
    expect(of('source.publication')?.['state']).toBe('ok')
  })

  test('can be queried and reconciled after it stopped', async () => {
    const table = await tidemark([
      'query',
      '--dir',
      demo.dir,
      'select count(*) as shops from workforce.shops',
    ])
    expect(table.stdout).toMatch(/^shops\n\s+\d+\n$/)
    const csv = await tidemark(['query', '--dir', demo.dir, '--csv', "select 1 as a, 'x,y' as b, null as c"])
    expect(csv.stdout).toBe('a,b,c\n1,"x,y",\n')
    const again = await inProcess(['reconcile', '--dir', demo.dir, '--json'])
    expect(lastJson(again), again.stderr).toMatchObject({ equal: true })
  })

  test('is priced by what it metered: every change that it captured, by table', async () => {
    const status = lastJson(await inProcess(['status', '--dir', demo.dir, '--json'])) as {
      tables: readonly { source: string; balance: { captured: number } }[]
    }
    const cost = lastJson(await inProcess(['cost', '--dir', demo.dir, '--json'])) as {
      basis: { seconds: number }
      bill: { perMonth: number; tables: readonly { table: string | null; changes: number }[] }
    }
    expect(cost.bill.perMonth).toBeGreaterThan(0)
    for (const { source, balance } of status.tables) {
      const found = cost.bill.tables.find(({ table }) => table === source)?.changes ?? 0
      /* Those of a month; one that came twice was metered twice. */
      const metered = Math.round((found * cost.basis.seconds) / (730 * 3_600))
      expect([source, metered >= balance.captured]).toEqual([source, true])
    }
  })

  test('G6: 64-bit keys keep every digit on the way', async () => {
    const { stdout } = await tidemark([
      'query',
      '--dir',
      demo.dir,
      '--json',
      'select min(shift_id) as id from workforce.shifts',
    ])
    expect(stdout).toMatch(/"id":90071992547\d{5}/)
  })

  test('history reads back alike with DuckDB and hyparquet', async () => {
    const folder = join(demo.dir, 'lake/workforce/shifts_v1_history')
    const names = (await readdir(folder, { recursive: true }))
      .filter((name) => name.endsWith('.parquet'))
      .slice(0, 3)
    expect(names.length).toBeGreaterThan(0)
    const duckdb = await DuckDBInstance.create(':memory:')
    const connection = await duckdb.connect()
    for (const name of names) {
      const file = join(folder, name)
      const read = await connection.runAndReadAll(
        `SELECT _op, _position, shift_id::VARCHAR, epoch_ms(starts_at)::VARCHAR, status, notes FROM read_parquet('${file}')`,
      )
      const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) })
      const other = rows.map((row) => [
        row['_op'],
        row['_position'],
        text(row['shift_id']),
        row['starts_at'] instanceof Date ? String(row['starts_at'].getTime()) : null,
        row['status'] ?? null,
        row['notes'] ?? null,
      ])
      expect(read.getRowsJson()).toEqual(other)
    }
    connection.closeSync()
    duckdb.closeSync()
  })
})

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}
