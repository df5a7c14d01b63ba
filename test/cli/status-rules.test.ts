import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Rule } from '../../core/check.ts'
import { failures } from '../../core/failures/failures.ts'
import type { KeptProofs } from '../../engine/reconcile/kept-proofs.ts'
import {
  alarmRules,
  compactionRules,
  proofRules,
  quarantineRules,
  runbookOf,
} from '../../stack/status/operations-checks.ts'
import { latencyRules, limits, taskRules } from '../../stack/status/pipeline-checks.ts'

const HOUR = 3_600_000
const now = Date.parse('2026-11-28T12:00:00Z')
const at = (hoursAgo: number) => new Date(now - hoursAgo * HOUR).toISOString()

function evaluate<F>([rule]: readonly Rule<F>[], facts: F) {
  if (rule === undefined) throw new Error('no rule')
  return rule.evaluate(facts)
}

test('what is late is late for the alarms, too: the limits are those of Terraform', () => {
  const defaults = (stack: string) => {
    const text = readFileSync(
      resolve(import.meta.dirname, `../../infra/stacks/${stack}/variables.tf`),
      'utf8',
    )
    return new Map(
      [...text.matchAll(/(\w+) += optional\(number, (\d+)\)/g)].map(([, name, value]) => [
        name,
        Number(value),
      ]),
    )
  }
  expect(limits).toEqual({
    latencySeconds: defaults('production').get('latency_seconds'),
    behindMs: (defaults('data').get('behind_minutes') ?? 0) * 60_000,
    quarantineHours: defaults('data').get('quarantine_hours'),
    proofHours: defaults('data').get('proof_hours'),
  })
})

describe('a stack is judged', () => {
  const task = {
    status: 'ready',
    migrationType: 'cdc',
    hasRun: false,
    freshStart: null,
    stopReason: null,
  } as const
  const arn = 'arn:task'

  test('by its task: running, on its way, never started, or stopped by somebody', () => {
    const state = (status: string, hasRun = true) =>
      evaluate(taskRules, { arn, task: { ...task, status, hasRun } }).state
    expect(
      ['running', 'starting', 'testing', 'modifying', 'stopped', 'failed'].map((status) => state(status)),
    ).toEqual([...['ok', 'warn', 'warn', 'warn', 'fail', 'fail']])
    expect(evaluate(taskRules, { arn, task }).message).toBe('the CDC task was never started')
  })

  test('by its latency, of which silence is no zero', () => {
    const of = (sourceSeconds: number | null, targetSeconds: number | null) =>
      evaluate(latencyRules, { sourceSeconds, targetSeconds })
    expect(of(null, 3).state).toBe('unknown')
    expect(of(300, 300).state).toBe('ok')
    expect(of(301, 0).fix).toEqual([{ kind: 'step', text: 'docs/runbooks/cdc-latency.md#source' }])
  })

  test('by what waits in quarantine, and for how long', () => {
    const of = (hours: number, waiting = 5) =>
      evaluate(quarantineRules, { now, waiting, most: 10_000, since: at(hours) })
    expect([of(1).state, of(25).state]).toEqual(['warn', 'fail'])
    expect(of(1, 10_000).message).toBe('10,000 changes or more in quarantine, the oldest for 60 min')
  })

  test('by when its tables were folded: a new one not yet', () => {
    const of = (...folded: readonly (number | null)[]) =>
      evaluate(compactionRules, {
        now,
        failed: [],
        compactor: 'tidemark-compact',
        foldedAt: new Map(
          folded.map((hours, index) => [`a.t${index} v1`, hours === null ? null : now - hours * HOUR]),
        ),
      })
    expect(of(1, null)).toMatchObject({
      state: 'ok',
      message: '1 table folded, the first of them 60 min ago; not yet: a.t1 v1',
    })
    expect(of(27, 1).state).toBe('warn')
  })

  test('by compactions that failed: with the code, what to do, and how to try again', () => {
    const failure = { version: 1, at: now - 2 * HOUR }
    const verdict = evaluate(compactionRules, {
      now,
      compactor: 'lake-compact',
      foldedAt: new Map([['a.t1 v1', now - HOUR]]),
      failed: [
        { ...failure, table: 'a.t1', code: 'objects/too-large', message: 'a.t1 v1 does not fit' },
        { ...failure, table: 'a.t2', code: 'internal', message: '' },
      ],
    })
    expect(verdict).toMatchObject({
      state: 'fail',
      message: 'failed: a.t1 v1: objects/too-large 2 h ago: a.t1 v1 does not fit; a.t2 v1: internal 2 h ago',
    })
    expect(verdict.fix.map(({ text }) => text)).toEqual([
      `objects/too-large: ${failures['objects/too-large'].advice}`,
      'docs/runbooks/function-errors.md',
      'docs/runbooks/compact-left.md',
      expect.stringMatching(/^aws lambda invoke --function-name lake-compact .*'\{"table":"a\.t1"\}'/),
      expect.stringContaining('a.t2'),
    ])
  })

  test('by its proofs: one that differs, one that never ended, one that nobody began, an old one', () => {
    const proof = {
      equal: true,
      lsn: '1',
      at: at(1),
      equalAt: null,
      sourceRows: 1,
      lakeRows: 1,
      way: 'streamed',
      sample: null,
      different: 0,
      inQuarantine: 0,
      heldBack: 0,
      unplaced: 0,
    } as const
    const of = (
      change: Partial<
        typeof proof | { readonly equal: boolean; readonly at: string; readonly different: number }
      >,
      tried = {},
      tables = ['a.t'],
      failed: KeptProofs['failed'] = {},
    ) =>
      evaluate(proofRules, {
        now,
        tables,
        stack: 'data.json',
        proofs: { format: 1, tables: { 'a.t': { ...proof, ...change } }, tried, failed },
      })
    expect(of({}).state).toBe('ok')
    expect(of({ equal: false, different: 3 }).message).toBe('differ: a.t in 3 keys')
    expect(of({ at: at(27) }).fix.map(({ text }) => text)).toContain(
      'npx tidemark reconcile --stack data.json',
    )
    expect(of({}, { 'a.u': at(1) }).message).toBe('begun and never finished: a.u')
    expect(of({}, {}, ['a.t', 'a.new'])).toMatchObject({ state: 'warn', message: 'not proven yet: a.new' })
    const gone = { at: at(1), code: 'source/table-gone', message: 'a.t is not in the source any more' }
    expect(of({}, {}, ['a.t'], { 'a.t': gone })).toMatchObject({
      state: 'fail',
      message: 'could not be compared: a.t is not in the source any more',
    })
    /* Nobody proves it any more. */
    expect(of({}, {}, ['a.t'], { 'a.old': gone }).state).toBe('ok')
  })

  test('by its alarms, each with its page wherever runbooks are served from', () => {
    expect(evaluate(alarmRules('status.alarms', 'data'), { now, alarms: [] }).state).toBe('warn')
    const pages = [
      'Late. Runbook: docs/runbooks/ledger.md#missing',
      'Late. Runbook: https://git.example.com/x/blob/main/docs/runbooks/firehose.md',
    ]
    expect(pages.map(runbookOf)).toEqual(['docs/runbooks/ledger.md#missing', 'docs/runbooks/firehose.md'])
    expect(runbookOf('made by hand')).toBe('docs/runbooks/README.md')
  })
})
