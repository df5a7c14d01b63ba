import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LiveView } from '../../cli/view/live-view.ts'
import { runStatus } from '../../local/run/status/run-status.ts'

const COLUMNS = 60
const ESC = '\u001b'
const UP = new RegExp(`${ESC}\\[\\d*A`)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function statusOf(captured: number) {
  return runStatus.parse({
    format: 1,
    at: new Date().toISOString(),
    pid: 1,
    address: 'h/d',
    capturedLsn: '1',
    landedLsn: '1',
    rates: { captured, formatted: 0, landed: 0 },
    pagesBehind: 0,
    memoryMb: 1,
    quarantineSince: null,
    freshnessMs: { p50: null, p99: null },
    tables: [],
    link: null,
    ended: null,
  })
}

/** A view on a terminal: what was written since the last look, and the lines that were announced. */
function viewOn(isTerminal: boolean) {
  const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns: COLUMNS, rows: 40 })
  const said: string[] = []
  let captured = 0
  const output = {
    isTerminal,
    columns: COLUMNS,
    result: () => undefined,
    progress: (text: string) => void said.push(text),
  }
  const view = new LiveView(
    output,
    () => {
      captured += 1
      return statusOf(captured)
    },
    undefined,
    terminal,
  )
  return { view, said, written: () => String(terminal.read() ?? '') }
}

test('on a terminal the picture is drawn over itself, and no line is longer than the terminal is wide', () => {
  const { view, said, written } = viewOn(true)
  view.start()
  vi.advanceTimersByTime(1_000)
  const first = stripVTControlCharacters(written())
  const lines = first.trimEnd().split('\n')
  expect(first).toContain('captured 1/s')
  expect(lines.length).toBeGreaterThan(2)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(COLUMNS)
  vi.advanceTimersByTime(1_000)
  const second = written()
  expect(second).toContain('captured 2/s')
  expect(second).toMatch(UP)
  view.announce('a table was loaded')
  expect(said).toEqual(['a table was loaded'])
  expect(written()).toContain(`${ESC}[2K`)
  vi.advanceTimersByTime(1_000)
  expect(written()).not.toMatch(UP)
  view.stop()
  vi.advanceTimersByTime(10_000)
  expect(written()).toBe('')
})

test('elsewhere it is one line every five seconds', () => {
  const { view, said, written } = viewOn(false)
  view.start()
  vi.advanceTimersByTime(10_000)
  view.stop()
  expect(said.map((line) => line.split(' · ')[0])).toEqual(['captured 1/s', 'captured 2/s'])
  expect(written()).toBe('')
})
