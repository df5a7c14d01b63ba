import { expect, test } from 'vitest'
import { cadenceOf } from '../../cost/cadence.ts'
import { defaultSetup } from '../../cost/setup.ts'
import { noVolume } from '../../cost/volume.ts'

test('format is called as often as the pages of a call of capture fill its windows, played one by one', () => {
  /* The same every time: a generator of its own (numerical recipes). */
  let state = 1
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const seconds = 4_000
  for (const [captureWindowSeconds, formatWindowSeconds, tables, rate] of [
    [40, 1, 40, 38],
    [10, 1, 40, 38],
    [10, 5, 3, 4],
    [2, 2, 12, 9],
  ] as const) {
    const setup = { ...defaultSetup, captureWindowSeconds, formatWindowSeconds }
    const pages = new Set<string>()
    for (let change = 0; change < seconds * rate; change += 1)
      pages.add(
        `${random(setup.shards)} ${random(Math.floor(seconds / captureWindowSeconds))} ${random(tables)}`,
      )
    const calls = new Set<string>()
    const started = new Map<string, number>()
    for (const page of pages) {
      const [shard, window] = page.split(' ')
      const call = `${shard} ${window}`
      /* Calls of one window end somewhere in it, each at its own time. */
      const at = started.get(call) ?? Number(window) * captureWindowSeconds + random(captureWindowSeconds)
      started.set(call, at)
      calls.add(`${random(setup.feedShards)} ${Math.floor(at / formatWindowSeconds)}`)
    }
    const volume = { ...noVolume, changes: seconds * rate, pages: pages.size }
    const { captureCalls, formatCalls } = cadenceOf({ seconds, tables: { all: volume } }, setup)
    expect(captureCalls / started.size).toBeCloseTo(1, 1)
    expect(formatCalls / calls.size).toBeGreaterThan(0.85)
    expect(formatCalls / calls.size).toBeLessThan(1.15)
  }
})
