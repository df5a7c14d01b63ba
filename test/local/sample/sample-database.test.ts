import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSampleDatabase } from '../../../local/sample/sample-database.ts'
import { ask, openScratch, type Scratch } from './scratch.ts'

// Real servers on a busy machine: a limit against hanging, not an expectation.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let scratch: Scratch
let url: string
const progress = new Map<string, number>()

beforeAll(async () => {
  scratch = await openScratch(0o755)
  const server = await scratch.startCopied('hr')
  url = server.url
  await createSampleDatabase(url, { onProgress: (table, rows) => progress.set(table, rows) })
})
afterAll(() => scratch.clear())

async function database(name: string): Promise<string> {
  await ask(url, `create database ${name}`)
  return url.replace(/\/hr$/, `/${name}`)
}

const fingerprint = `select 'shifts', md5(string_agg(s::text, '|' order by shift_id)) from workforce.shifts s
  union all select 'employees', md5(string_agg(e::text, '|' order by employee_id)) from workforce.employees e
  union all select 'payslips', md5(string_agg(p::text, '|' order by payslip_id)) from workforce.payslips p`

describe('the sample database', () => {
  it('has at least 200,000 rows in six tables, each with a primary key', async () => {
    const keys = await ask(
      url,
      `select c.relname from pg_index i join pg_class c on c.oid = i.indrelid
        where i.indisprimary and c.relnamespace = 'workforce'::regnamespace order by 1`,
    )
    expect(keys.flat()).toEqual([...progress.keys()].sort())
    const counts = await Promise.all(
      [...progress.keys()].map((table) => ask(url, `select count(*) from workforce.${table}`)),
    )
    expect(counts.flat(2).map(Number)).toEqual([...progress.values()])
    expect([...progress.values()].reduce((sum, rows) => sum + rows)).toBeGreaterThanOrEqual(200_000)
  })

  it('stores long notes and profiles out of line', async () => {
    const toast = `select c.relname, pg_relation_size(c.reltoastrelid) > 1000000 from pg_class c
      where c.oid in ('workforce.shifts'::regclass, 'workforce.employees'::regclass) order by 1`
    expect(await ask(url, toast)).toEqual([
      ['employees', 't'],
      ['shifts', 't'],
    ])
    const tall = `select count(*) > 2000, min(length(notes)) > 8000, bool_and(pg_column_toast_chunk_id(notes) is not null)
      from workforce.shifts where octet_length(notes) > 8000`
    expect(await ask(url, tall)).toEqual([['t', 't', 't']])
  })

  it('has the values that pipelines get wrong: ids beyond 2^53, microseconds, empty beside null, quotes', async () => {
    const facts = `select (select min(shift_id) from workforce.shifts) = 9007199254740993,
      exists (select from workforce.payslips where extract(microseconds from paid_at)::bigint % 1000 > 0),
      exists (select from workforce.employees where email = '') and exists (select from workforce.employees where email is null),
      exists (select from workforce.employees where last_name like '%''%' and 'he said "yes"' = any(skills)),
      exists (select from workforce.shifts where plan -> 'revision' > '9007199254740993')`
    expect(await ask(url, facts)).toEqual([['t', 't', 't', 't', 't']])
  })

  it('holds no row that a contract would refuse', async () => {
    const wrong = `select (select count(*) from workforce.shifts where ends_at <= starts_at or break_minutes not between 0 and 600),
      (select count(*) from workforce.absences where ends_on < starts_on),
      (select count(*) from workforce.employment_contracts where ends_on < starts_on)`
    expect(await ask(url, wrong)).toEqual([['0', '0', '0']])
  })

  it('is left alone by a second call', async () => {
    await ask(url, `update workforce.shops set name = 'Mine' where shop_id = 1`)
    await createSampleDatabase(url)
    expect(await ask(url, 'select name from workforce.shops where shop_id = 1')).toEqual([['Mine']])
  })

  it('is the same for the same seed, and another for another', async () => {
    const prints: unknown[] = []
    for (const [name, seed] of [
      ['one', 1],
      ['again', 1],
      ['other', 2],
    ] as const) {
      const target = await database(name)
      await createSampleDatabase(target, { scale: 0.01, seed })
      prints.push(await ask(target, fingerprint))
    }
    expect(prints[1]).toEqual(prints[0])
    expect(prints[2]).not.toEqual(prints[0])
  })

  it('is made once by two callers at once', async () => {
    const target = await database('twice')
    await Promise.all([
      createSampleDatabase(target, { scale: 0.01 }),
      createSampleDatabase(target, { scale: 0.01 }),
    ])
    expect(await ask(target, 'select count(*) from workforce.shops')).toEqual([['4']])
  })

  it('is there whole or not at all', async () => {
    const target = await database('broken')
    const interrupted = createSampleDatabase(target, {
      scale: 0.01,
      onProgress: (table) => {
        if (table === 'shifts') throw new Error('the process dies here')
      },
    })
    await expect(interrupted).rejects.toThrow('dies here')
    expect(await ask(target, `select to_regnamespace('workforce')`)).toEqual([[null]])
    await createSampleDatabase(target, { scale: 0.01 })
    expect(await ask(target, 'select count(*) > 0 from workforce.payslips')).toEqual([['t']])
  })

  it('does not touch a schema of the same name that is not its own', async () => {
    const target = await database('foreign_one')
    await ask(target, 'create schema workforce create table shifts (a int)')
    await expect(createSampleDatabase(target)).rejects.toMatchObject({ code: 'run/bad-folder' })
    expect(await ask(target, 'select count(*) from workforce.shifts')).toEqual([['0']])
  })
})
