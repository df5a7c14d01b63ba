import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runs } from '../support/budget.ts'
import { lastJson, scratchFolder, startTidemark, tidemark } from '../support/tidemark.ts'

const KILLS = runs(6)

/* Moments from before the first page to steady traffic; deterministic, so that a failure can be repeated. */
const moments = Array.from({ length: KILLS }, (_, index) => 900 + ((index * 977) % 2_900))

test(
  'G10: killed again and again at any moment, PostgreSQL now and then too, nothing is lost and nothing doubled',
  async () => {
    await using folder = await scratchFolder()
    const dir = join(folder.path, 'run')
    const args = ['demo', '--dir', dir, '--rate', '800', '--scale', '0.05']
    for (const [index, moment] of moments.entries()) {
      const run = startTidemark(args)
      await sleep(moment)
      run.kill()
      await run.finished
      if (index % 3 === 2) await killPostgres(dir)
    }

    const end = await tidemark([...args, '--for', '2s', '--json'])
    const result = lastJson(end)
    expect(result, end.stderr).toMatchObject({ equal: true })
    expect(end.code).toBe(0)
    expect(result['changes']).toBeGreaterThan(500)

    const doubled = await tidemark(['query', '--dir', dir, '--json', DOUBLED])
    expect(JSON.parse(doubled.stdout)).toEqual([{ shifts: 0, absences: 0, payslips: 0 }])
  },
  runs(240_000),
)

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
