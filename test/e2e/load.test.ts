import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isWhole } from '../support/budget.ts'
import { inProcess, lastJson, scratchFolder, startTidemark, untilStatus } from '../support/tidemark.ts'

const DEADLINE = 120_000

describe.skipIf(!isWhole())('npm run test:whole has this:', () => {
  test(
    'G2: tables are loaded again from the command line while traffic goes on, compacted, and the lake is equal',
    async () => {
      await using scratch = await scratchFolder()
      const dir = join(scratch.path, 'run')
      const on = (...args: readonly string[]) => inProcess([...args, '--dir', dir])
      const early = await on('load', 'status', '--json')
      expect([early.code, JSON.parse(early.stdout)]).toEqual([0, []])

      const run = startTidemark(['dev', '--dir', dir, '--scale', '0.02', '--rate', '40', '--json'])
      await untilStatus(dir, (tables) => tables.every(({ state }) => state === 'streaming'))
      const dry = await on('load', 'start', '--tables', 'workforce.*', '--dry-run', '--json')
      expect(lastJson(dry)).toMatchObject({ load: null, activity: { isReplica: false } })
      expect(lastJson(dry)['plan']).toHaveLength(6)
      const waited = await on('load', 'start', '--tables', 'workforce.absences', '--wait')
      expect(waited.stdout).toMatch(/workforce\.absences +complete +█+ 100%/)
      expect(waited.stderr).toMatch(/^source: \d+ active backends/)
      expect(waited.code).toBe(0)

      const held = lastJson(
        await on('load', 'start', '--tables', 'workforce.shops', '--window', window(), '--json'),
      )
      const { id } = held['load'] as { readonly id: string }
      const busy = await on('load', 'start', '--tables', 'workforce.shops', '--json')
      expect([busy.code, lastJson(busy)]).toMatchObject([2, { error: { code: 'load/busy' } }])
      expect((await on('load', 'cancel', id)).stdout).toMatch(/workforce\.shops +cancelled/)
      const watched = await on('load', 'watch', id, '--json')
      expect([watched.code, lastJson(watched)]).toMatchObject([1, { id }])
      /* It waits for its window again, and holds up neither what follows nor the end. */
      const resumed = await on('load', 'resume', id, '--json')
      expect([resumed.code, lastJson(resumed)]).toMatchObject([0, { id, tables: [{ state: 'started' }] }])
      const plan = await on('compact', '--dry-run')
      expect(plan.stdout).toMatch(/amplification/)
      const compacted = lastJson(await on('compact', '--json')) as {
        readonly results: readonly Record<string, unknown>[]
      }
      expect(compacted.results.map(({ build }) => build)).toEqual(
        compacted.results.map(() => expect.any(Number)),
      )
      run.interrupt()
      const end = await run.finished
      expect(lastJson(end), end.stderr).toMatchObject({ equal: true })

      const audit = await on('status', '--audit', '--json')
      expect([audit.code, lastJson(audit)]).toMatchObject([0, { balanced: true, audit: { findings: [] } }])
      const gone = await on('load', 'start', '--tables', 'workforce.shops', '--json')
      expect([gone.code, lastJson(gone)]).toMatchObject([2, { error: { code: 'run/not-running' } }])
    },
    DEADLINE,
  )
})

/* A minute that was over an hour ago. */
function window(): string {
  const hour = String((new Date().getHours() + 22) % 24).padStart(2, '0')
  return `${hour}:00-${hour}:01`
}
