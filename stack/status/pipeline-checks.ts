import { ageText, count, plural } from '../../core/amount-text.ts'
import { fail, ok, type Rule, shell, step, unknown, warn } from '../../core/check.ts'
import type {
  FreshnessFacts,
  LatencyFacts,
  LedgerFacts,
  Measured,
  QueueFacts,
  ReaderFacts,
  TaskFacts,
} from './status-facts.ts'

/** As the alarms have them unless Terraform is told otherwise (`limits` of both stacks). */
export const limits = {
  latencySeconds: 300,
  behindMs: 15 * 60_000,
  quarantineHours: 24,
  proofHours: 26,
} as const

/** The fix of what an alarm would call for: its page. */
export function runbook(page: string) {
  return step(`docs/runbooks/${page}`)
}

/** Has an event source of Lambda read again. */
export function switchOn(id: string) {
  return shell(`aws lambda update-event-source-mapping --uuid ${id} --enabled`)
}

export const taskRules: readonly Rule<TaskFacts>[] = [
  {
    id: 'status.cdc-task',
    title: 'the CDC task runs',
    evaluate: ({ arn, task: { status, hasRun, stopReason } }) => {
      if (status === 'running') return ok('the CDC task runs')
      if (['starting', 'testing', 'modifying', 'stopping', 'moving'].includes(status))
        return warn(`the CDC task is ${status}`)
      if (!hasRun)
        return warn(
          'the CDC task was never started',
          step('docs/15-deploying.md: slot, then task, then load'),
        )
      return fail(
        `the CDC task is ${status}${stopReason === null ? '' : `: ${stopReason}`}`,
        runbook('cdc-task.md'),
        shell(
          `aws dms start-replication-task --start-replication-task-type resume-processing --replication-task-arn ${arn}`,
        ),
      )
    },
  },
]

export const latencyRules: readonly Rule<LatencyFacts>[] = [
  {
    id: 'status.cdc-latency',
    title: 'DMS is near the source’s log, and the stream takes what it sends',
    evaluate: ({ sourceSeconds, targetSeconds }) => {
      if (sourceSeconds === null || targetSeconds === null)
        return unknown('DMS said nothing of its latency: the task does not run, or has just begun')
      const message = `${count(sourceSeconds)} s behind the source, ${count(targetSeconds)} s until the stream`
      if (sourceSeconds > limits.latencySeconds) return warn(message, runbook('cdc-latency.md#source'))
      return targetSeconds > limits.latencySeconds
        ? warn(message, runbook('cdc-latency.md#target'))
        : ok(message)
    },
  },
]

export const readerRules: readonly Rule<ReaderFacts>[] = [
  {
    id: 'status.readers',
    title: 'functions are near the end of their streams, and nothing that they read is switched off',
    evaluate: ({ behindMs, switchedOff }) => {
      if (switchedOff.length > 0)
        return fail(
          `switched off: ${switchedOff.map(({ name }) => name).join(', ')}: what it reads is forgotten after a time`,
          ...switchedOff.map(({ id }) => switchOn(id)),
        )
      const parts = [...behindMs].map(
        ([name, ms]) => `${name} ${ms === null ? 'had nothing to read' : ageText(ms)}`,
      )
      const late = [...behindMs.values()].some((ms) => ms !== null && ms > limits.behindMs)
      return late
        ? fail(`behind: ${parts.join(', ')}`, runbook('iterator-age.md'))
        : ok(`behind: ${parts.join(', ')}`)
    },
  },
]

export const freshnessRules: readonly Rule<FreshnessFacts>[] = [
  {
    id: 'status.freshness',
    title: 'changes are in the lake soon after their commit',
    evaluate: ({ captureMs, formatMs, landMs }) => {
      if (captureMs === null && formatMs === null && landMs === null) return ok('no change in the last hour')
      const message = `stored after ${shown(captureMs)}, formatted ${shown(formatMs)} later, queryable ${shown(landMs)} after the commit (p99)`
      return landMs !== null && landMs > limits.behindMs
        ? warn(message, runbook('lake-freshness.md'))
        : ok(message)
    },
  },
]

export const ledgerRules: readonly Rule<LedgerFacts>[] = [
  {
    id: 'status.ledger',
    title: 'captured = landed + quarantined + filtered + in flight, for each contract',
    evaluate: ({ balances, faults, stack }) => {
      const uneven = balances.filter(({ balanced }) => !balanced)
      const flying = balances.reduce((sum, { inFlight }) => sum + inFlight, 0)
      if (uneven.length === 0 && faults === 0)
        return ok(`${plural(balances.length, 'contract')} in balance, ${count(flying)} changes in flight`)
      const parts = [
        ...uneven.map(({ contract, source, missing }) => `${contract ?? source}: ${count(missing)} missing`),
        ...(faults > 0 ? [`${plural(faults, 'finding')} of the audit`] : []),
      ]
      const again = shell(`npx tidemark repair --stack ${stack} --missing`)
      return fail(parts.join(', '), runbook('ledger.md#missing'), again)
    },
  },
]

export const queueRules: readonly Rule<QueueFacts>[] = [
  {
    id: 'status.queues',
    title: 'how many notices wait to be landed',
    evaluate: ({ queues }) => {
      const living = [...queues].filter(([name]) => !name.endsWith('_dead'))
      return ok(
        living
          .map(
            ([name, { waiting, inFlight }]) => `${name} ${count(waiting)} waiting, ${count(inFlight)} read`,
          )
          .join('; '),
      )
    },
  },
  {
    id: 'status.dead-letters',
    title: 'no notice was given up',
    evaluate: ({ queues }) => {
      const dead = [...queues].filter(
        ([name, { waiting, inFlight }]) => name.endsWith('_dead') && waiting + inFlight > 0,
      )
      if (dead.length === 0) return ok('no notice was given up')
      const parts = dead.map(
        ([name, { waiting, inFlight }]) => `${name.slice(0, -5)} ${count(waiting + inFlight)}`,
      )
      return fail(`given up: ${parts.join(', ')}`, runbook('dead-letters.md'))
    },
  },
]

function shown(ms: Measured): string {
  return ms === null ? 'unknown' : ageText(ms)
}
