import { cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { describe, expect, test } from 'vitest'
import { isWhole } from '../support/budget.ts'
import {
  type Finished,
  inProcess,
  lastJson,
  scratchFolder,
  startTidemark,
  tidemark,
  untilStatus,
} from '../support/tidemark.ts'

const PEOPLE = 'workforce/employees/v1.ts'

/** A folder of contracts like the bundled ones, but for one edit. */
async function contractsWith(folder: string, edit: (text: string) => string): Promise<string> {
  await cp(resolve(import.meta.dirname, '../../schemas'), folder, { recursive: true })
  const file = join(folder, PEOPLE)
  const text = await readFile(file, 'utf8')
  expect(edit(text)).not.toBe(text)
  await writeFile(file, edit(text))
  return folder
}

/* Only the people of two shops, and nothing of their reviews. */
const narrowed = (text: string) =>
  text
    .replace(/shop_id: col\.integer\('([^']*)'\)/, "shop_id: col.integer('$1', { max: 2 })")
    .replace(/ {4}performance_score: col[\s\S]*?\n {4}\),\n/, '')

const tablesOf = (status: Record<string, unknown>) => status['tables'] as readonly Record<string, unknown>[]

describe.skipIf(!isWhole())('npm run test:whole has this:', () => {
  test('G1 G2 G7 changes that a contract refused are looked at, redriven and replayed once it is right, and the lake equals the source', async () => {
    await using scratch = await scratchFolder()
    const dir = join(scratch.path, 'run')
    const narrow = await contractsWith(join(scratch.path, 'schemas'), narrowed)
    /* A query is a process that is watched, contracts of a folder are imported by one: those are started. */
    const on = (...args: readonly string[]) =>
      (args[0] === 'query' || args.includes('--contracts') ? tidemark : inProcess)([...args, '--dir', dir])
    const run = startTidemark([
      ...['demo', '--dir', dir, '--contracts', narrow, '--scale', '0.02', '--rate', '40', '--json'],
    ])
    /* Drift is told by those who format, a moment after the rows of a load. */
    await untilStatus(
      dir,
      (tables) =>
        tables.every(({ state }) => state === 'streaming') &&
        tables.some(({ unknownFields }) => String(unknownFields) !== ''),
    )
    const status = await on('status', '--json')
    const people = tablesOf(lastJson(status)).find(({ table }) => table === 'workforce.employees')
    expect(people).toMatchObject({ unknownFields: ['performance_score'], quarantined: expect.any(Number) })

    const quiet: Finished[] = [status, await on('status')]
    expect(quiet[1]?.stdout).toMatch(/drift.*workforce\.employees.*performance_score/)
    const list = await on('quarantine', 'list', '--json')
    const clusters = JSON.parse(list.stdout) as readonly Record<string, unknown>[]
    expect(clusters).toMatchObject([{ contract: 'workforce.employees v1', reason: { path: 'shop_id' } }])
    const cause = String(clusters[0]?.['id'])
    expect(lastJson(status)['quarantineCauses']).toEqual({ [cause]: expect.any(Number) })
    const shown = await on('quarantine', 'show', cause, '--json')
    const payload = JSON.parse(String(lastJson(shown)['payload'])) as { data: Record<string, unknown> }
    /* Traffic takes an address away from some. */
    const secret = String(
      ['email', 'iban', 'national_id', 'phone'].map((name) => payload.data[name]).find(isTelling),
    )
    expect(secret).not.toBe('undefined')

    /* The process that runs has the contract of its start: it answers for no other, and for its own it does the work. */
    const refused = await on('quarantine', 'redrive', '--json')
    expect([refused.code, lastJson(refused)]).toMatchObject([2, { error: { code: 'run/contract-changed' } }])
    const asked = await on('quarantine', 'redrive', '--contracts', narrow, '--json')
    expect(lastJson(asked)).toMatchObject({ passed: 0, isInterrupted: false })
    const live = await on('replay', '--table', 'workforce.employees', '--contracts', narrow, '--json')
    expect(lastJson(live), live.stderr).toMatchObject({ state: 'complete', revision: 1 })
    run.interrupt()
    quiet.push(list, refused, asked, live, await run.finished)

    const dry = await on('quarantine', 'redrive', '--dry-run', '--json')
    const redriven = await on('quarantine', 'redrive', '--table', 'workforce.employees', '--json')
    expect(lastJson(redriven), redriven.stderr).toMatchObject({ refused: 0, passed: lastJson(dry)['passed'] })
    expect(lastJson(redriven)['passed']).toBeGreaterThan(0)
    const unfilled = await on('query', '--json', REVIEWS)
    const replayed = await on('replay', '--table', 'workforce.employees')
    expect(replayed.stdout).toMatch(/revision 3: .* 0 refused; published in the lake/)
    expect(JSON.parse(unfilled.stdout)[0].hidden).toBeGreaterThan(0)
    expect(JSON.parse((await on('query', '--json', REVIEWS)).stdout)[0].hidden).toBe(0)
    quiet.push(
      dry,
      redriven,
      replayed,
      await on('replay', '--list'),
      await on('quarantine', 'list', ...EMPLOYEES),
    )
    expect(quiet.at(-1)?.stdout).toBe('quarantine is empty\n')
    const proof = await on('reconcile', '--json')
    expect(lastJson(proof), proof.stderr).toMatchObject({ equal: true })
    const proven = tablesOf(lastJson(proof)).find(({ table }) => table === 'workforce.employees')
    expect(proven).toMatchObject({ equal: true, quarantined: 0 })

    const expired = await on('quarantine', 'expire', '--older-than', '30d', '--json')
    expect(lastJson(expired)).toMatchObject({ expired: 0 })
    const state = new DatabaseSync(join(dir, 'state.db'), { readOnly: true })
    const held = `SELECT count(*) AS held FROM quarantine WHERE bytes IS NOT NULL AND pk LIKE '%employees%'`
    expect(state.prepare(held).get()).toMatchObject({ held: 0 })
    state.close()
    for (const { stdout, stderr } of [...quiet, proof, expired]) expect(stdout + stderr).not.toContain(secret)
  }, 240_000)
})

/* The traffic saves a bad shift now and then: those wait, and are another story. */
const EMPLOYEES = ['--table', 'workforce.employees']
const REVIEWS = `SELECT count(*) FILTER (_extra LIKE '%performance_score%') AS hidden FROM workforce.employees`

/* Long enough to be found in no other text by chance. */
function isTelling(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 8
}
