import { expect, test } from 'vitest'
import { sourceWord } from '../../cli/view/source-line.ts'
import { type RunStatus, runStatus } from '../../local/run/status/run-status.ts'

const quiet = { isTerminal: false, columns: 100, result: () => undefined, progress: () => undefined }
const NOW = Date.parse('2026-01-02T00:10:00.000Z')
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1_000).toISOString()

const reading: RunStatus['link'] = {
  state: 'reading',
  since: at(300),
  heardAt: at(2),
  lost: 0,
  retryAt: null,
  failure: null,
  standbySince: null,
}

function status(link: RunStatus['link'], ended: RunStatus['ended'] = null, writtenAgo = 1): RunStatus {
  return runStatus.parse({
    format: 1,
    at: at(writtenAgo),
    pid: 1,
    address: 'h/d',
    capturedLsn: '1',
    landedLsn: '1',
    rates: { captured: 0, formatted: 0, landed: 0 },
    pagesBehind: 0,
    memoryMb: 1,
    quarantineSince: null,
    freshnessMs: { p50: null, p99: null },
    tables: [],
    link,
    ended,
  })
}

const failure = { code: 'source/slot-lost', message: 'slot s is gone' }
const away = { code: 'source/unreachable', message: 'cannot connect to h/d: ECONNREFUSED' }

test.each([
  ['reads', status(reading), true, [true, false], ''],
  [
    'has lost its connection before',
    status({ ...reading, lost: 2 }),
    true,
    [true, false],
    'after 2 lost connections',
  ],
  ['has just started', status({ ...reading, state: 'starting', heardAt: null }), true, [false, false], ''],
  ['hears nothing', status({ ...reading, heardAt: at(40) }), true, [false, true], 'nothing was heard since'],
  [
    'waits for its source',
    status({ ...reading, state: 'waiting', failure: away, retryAt: at(-60) }),
    true,
    [false, true],
    'away since 2026-01-02T00:05:00.000Z, 5 min ago: source/unreachable: cannot connect to h/d: ECONNREFUSED; tried again at',
  ],
  ['waits for a standby', status({ ...reading, standbySince: at(60) }), true, [false, true], 'for a standby'],
  ['hangs', status(reading, null, 100), true, [false, true], 'has said nothing since'],
  ['was killed', status(reading), false, [false, true], 'ended without a word'],
  ['was stopped', status(reading, { at: at(5), failure: null }), false, [false, false], ''],
  [
    'has failed',
    status(reading, { at: at(5), failure }),
    false,
    [false, true],
    'the run ended 5 s ago: source/slot-lost: slot s is gone',
  ],
  ['is of a version that kept nothing of it', status(null), false, [false, false], ''],
] as const)('a run that %s', (_, of, isRunning, [isHeard, isFault], text) => {
  const word = sourceWord(of, { isRunning, now: NOW }, quiet)
  expect([word.isHeard, word.isFault]).toEqual([isHeard, isFault])
  expect(word.lines.join('\n')).toContain(text)
  expect(word.lines.length).toBe(text === '' ? 0 : 1)
})
