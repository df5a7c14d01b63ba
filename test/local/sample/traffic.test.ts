import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PostgresServer } from '../../../local/embedded-postgres/start-postgres.ts'
import { createSampleDatabase } from '../../../local/sample/sample-database.ts'
import { startTraffic } from '../../../local/sample/traffic.ts'
import { ask, openScratch, type Scratch } from './scratch.ts'

// Real servers on a busy machine: a limit against hanging, not an expectation.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const tables = ['shops', 'employees', 'employment_contracts', 'shifts', 'absences', 'payslips']
const connections = `select count(*) from pg_stat_activity where application_name = 'tidemark traffic'`
let scratch: Scratch
let server: PostgresServer

beforeAll(async () => {
  scratch = await openScratch(0o755)
  server = await scratch.startCopied('hr')
  await createSampleDatabase(server.url, { scale: 0.2 })
})
afterAll(() => scratch.clear())

/** Lets the database count for itself what commits: rows of each statement, gone with a rollback. */
async function auditSql(): Promise<string> {
  const triggers = tables.flatMap((table) =>
    (['insert', 'update', 'delete'] as const).map(
      (kind) => `create trigger audit_${kind} after ${kind} on workforce.${table}
        referencing ${kind === 'delete' ? 'old' : 'new'} table as touched
        for each statement execute function public.audit();`,
    ),
  )
  return `create table public.audited (kind text, rows bigint);
    create function public.audit() returns trigger language plpgsql as $$ begin
      insert into public.audited select lower(tg_op), count(*) from touched; return null; end $$;
    ${triggers.join('\n')}`
}

describe('traffic', () => {
  it('does everything it knows, counts exactly what was committed, and stops cleanly', async () => {
    await ask(server.url, await auditSql())
    const errors: Error[] = []
    const traffic = startTraffic(server.url, {
      changesPerSecond: 12_000,
      onError: (error) => errors.push(error),
    })
    scratch.later(() => traffic.stop())
    const missing = () =>
      Object.entries(traffic.report().actions)
        .filter(([, changes]) => changes === 0)
        .map(([name]) => name)
    await vi.waitFor(() => expect(missing()).toEqual([]), { timeout: 25_000, interval: 100 })
    const report = await traffic.stop()
    expect(await ask(server.url, connections)).toEqual([['0']])
    const audited = await ask(server.url, 'select kind, sum(rows) from public.audited group by 1')
    expect(Object.fromEntries(audited.map(([kind, rows]) => [kind, Number(rows)]))).toEqual(report.changes)
    expect(report.rollbacks).toBeGreaterThan(0)
    expect(errors).toEqual([])
    expect(await traffic.stop()).toEqual(report)
  })

  it('keeps every row within its contract when bad rows are off', async () => {
    await ask(server.url, 'update workforce.shifts set break_minutes = 0 where break_minutes < 0')
    const traffic = startTraffic(server.url, { changesPerSecond: 20_000, seed: 7, badRows: false })
    scratch.later(() => traffic.stop())
    await vi.waitFor(() => expect(traffic.report().changes.update).toBeGreaterThan(6_000), {
      timeout: 20_000,
    })
    const report = await traffic.stop()
    expect(report.actions).toMatchObject({ 'bad-row': 0, 'mend-row': 0 })
    const wrong = `select (select count(*) from workforce.shifts where ends_at <= starts_at or break_minutes not between 0 and 600),
      (select count(*) from workforce.absences where ends_on < starts_on)`
    expect(await ask(server.url, wrong)).toEqual([['0', '0']])
  })

  it('ends at once when it is stopped before it began', async () => {
    const report = await startTraffic(server.url, { changesPerSecond: 1 }).stop()
    expect(report.failures).toBe(0)
    expect(await ask(server.url, connections)).toEqual([['0']])
  })

  it('goes on when its connections are cut, and says that they were', async () => {
    const errors: Error[] = []
    const traffic = startTraffic(server.url, {
      changesPerSecond: 500,
      onError: (error) => errors.push(error),
    })
    scratch.later(() => traffic.stop())
    await vi.waitFor(() => expect(traffic.report().transactions).toBeGreaterThan(5), { timeout: 10_000 })
    await ask(server.url, connections.replace('count(*)', 'count(pg_terminate_backend(pid))'))
    await vi.waitFor(() => expect(errors).toHaveLength(2), { timeout: 10_000 })
    const before = traffic.report().transactions
    await vi.waitFor(() => expect(traffic.report().transactions).toBeGreaterThan(before + 5), {
      timeout: 10_000,
    })
    await traffic.stop()
  })

  it('can be stopped while its server is gone', async () => {
    const errors: Error[] = []
    const traffic = startTraffic(server.url, {
      changesPerSecond: 500,
      onError: (error) => errors.push(error),
    })
    await vi.waitFor(() => expect(traffic.report().transactions).toBeGreaterThan(0), { timeout: 10_000 })
    await server.kill()
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1), { timeout: 10_000 })
    await traffic.stop()
  })
})
