import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { Schedule } from '../../../local/run/schedule.ts'
import { MemoryLog } from '../../ingest/memory-ports.ts'

test('a job runs again after each end, also after a failure, and never beside itself', async () => {
  let runs = 0
  let beside = 0
  let most = 0
  const job = {
    name: 'compact',
    everyMs: 1,
    run: async () => {
      runs += 1
      beside += 1
      most = Math.max(most, beside)
      await sleep(3)
      beside -= 1
      if (runs === 1) throw new PipelineError('lake/conflict', 'once')
    },
  }
  const log = new MemoryLog()
  const schedule = new Schedule([job], log)
  schedule.start()
  schedule.soon('compact')
  schedule.soon('compact')
  while (runs < 4) await sleep(1)
  await schedule.stop()
  const after = runs
  await sleep(10)
  expect({ most, after: runs, beside }).toEqual({ most: 1, after, beside: 0 })
  expect(log.lines).toEqual(['warn schedule.failed {"job":"compact","code":"lake/conflict"}'])
})

test('a job of period 0 runs only when it is asked for, and not after the stop', async () => {
  let runs = 0
  const schedule = new Schedule(
    [
      {
        name: 'prove',
        everyMs: 0,
        run: async () => {
          runs += 1
        },
      },
    ],
    new MemoryLog(),
  )
  schedule.start()
  await sleep(5)
  expect(runs).toBe(0)
  schedule.soon('prove')
  await schedule.stop()
  schedule.soon('prove')
  expect(runs).toBe(1)
})

test('a job that is asked for while it runs runs once more, for it may have passed what it is asked for', async () => {
  let runs = 0
  const ends: (() => void)[] = []
  const job = {
    name: 'release',
    everyMs: 60_000,
    run: () => {
      runs += 1
      return new Promise<void>((resolve) => void ends.push(resolve))
    },
  }
  const schedule = new Schedule([job], new MemoryLog())
  schedule.start()
  for (let asked = 0; asked < 3; asked++) schedule.soon('release')
  expect(runs).toBe(1)
  ends.shift()?.()
  await sleep(5)
  expect(runs).toBe(2)
  ends.shift()?.()
  await sleep(5)
  await schedule.stop()
  expect(runs).toBe(2)
})
