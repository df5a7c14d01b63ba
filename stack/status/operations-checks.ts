import { ageText, count, plural } from '../../core/amount-text.ts'
import { fail, ok, type Rule, shell, step, type Verdict, warn } from '../../core/check.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { failures } from '../../core/failures/failures.ts'
import { failedLoads, isOver, loadState } from '../../core/load/load.ts'
import { limits, runbook } from './pipeline-checks.ts'
import type { AlarmFacts, CompactionFacts, LoadFacts, ProofFacts, QuarantineFacts } from './status-facts.ts'

const HOUR = 3_600_000

export const quarantineRules: readonly Rule<QuarantineFacts>[] = [
  {
    id: 'status.quarantine',
    title: 'no refused change waits for a person',
    evaluate: ({ now, waiting, most, since }) => {
      if (since === null) return ok('quarantine is empty')
      const age = now - Date.parse(since)
      const message = `${waiting >= most ? `${count(most)} changes or more` : plural(waiting, 'change')} in quarantine, the oldest for ${ageText(age)}`
      const fix = runbook('quarantine-age.md')
      return age > limits.quarantineHours * HOUR ? fail(message, fix) : warn(message, fix)
    },
  },
]

export const loadRules: readonly Rule<LoadFacts>[] = [
  {
    id: 'status.loads',
    title: 'no full load has failed',
    evaluate: ({ loads, stack }) => {
      const failed = failedLoads(loads)
      if (failed.length > 0)
        return fail(
          `failed: ${failed.map(({ id }) => id).join(', ')}`,
          ...failed.map(({ id }) => shell(`npx tidemark load resume ${id} --stack ${stack}`)),
        )
      const open = loads.filter((load) => !isOver(loadState(load)))
      if (open.length === 0) return ok('no load is open')
      return ok(`under way: ${open.map((load) => `${load.id} (${loadState(load)})`).join(', ')}`)
    },
  },
]

export const compactionRules: readonly Rule<CompactionFacts>[] = [
  {
    id: 'status.compaction',
    title: 'history is folded into base each day, and the last compaction of no table failed',
    evaluate: ({ now, foldedAt, failed, compactor }) => {
      if (failed.length > 0) return compactionsFailed(failed, compactor, now)
      const never = [...foldedAt].filter(([, at]) => at === null).map(([table]) => table)
      const known = [...foldedAt.values()].filter((at) => at !== null)
      const oldest = now - Math.min(...known, now)
      const message = [
        ...(known.length > 0
          ? [`${plural(known.length, 'table')} folded, the first of them ${ageText(oldest)} ago`]
          : []),
        ...(never.length > 0 ? [`not yet: ${never.join(', ')}`] : []),
      ].join('; ')
      if (oldest > limits.proofHours * HOUR) return warn(message, runbook('compact-left.md'))
      return ok(message === '' ? 'no table' : message)
    },
  },
]

/* What is folded already stays what readers see; the schedule tries again, and a person who has done what the code says. */
function compactionsFailed(failed: CompactionFacts['failed'], compactor: string, now: number): Verdict {
  const told = failed.map(({ table, version, at, code, message }) =>
    [printTableVersion({ name: table, version }), `${code} ${ageText(now - at)} ago`, message]
      .filter((part) => part !== '')
      .join(': '),
  )
  const codes = new Set(failed.map(({ code }) => code))
  /* A record of another version may have a code that is not known here. */
  const advice = [...codes].map((code) =>
    code === 'internal' || !Object.hasOwn(failures, code)
      ? runbook('function-errors.md')
      : step(`${code}: ${failures[code].advice}`),
  )
  const names = new Set(failed.map(({ table }) => table))
  const again = [...names].map((table) =>
    shell(
      `aws lambda invoke --function-name ${compactor} --cli-binary-format raw-in-base64-out --payload '${JSON.stringify({ table })}' --cli-read-timeout 900 /dev/stdout`,
    ),
  )
  return fail(`failed: ${told.join('; ')}`, ...advice, runbook('compact-left.md'), ...again)
}

export const proofRules: readonly Rule<ProofFacts>[] = [
  {
    id: 'status.proofs',
    title: 'the last proof of each table found it equal, and is of the last day',
    evaluate: ({ now, tables: provable, proofs: { tables, tried, failed }, stack }) => {
      const prove = shell(`npx tidemark reconcile --stack ${stack}`)
      const unequal = Object.entries(tables).filter(([, { equal }]) => !equal)
      if (unequal.length > 0)
        return fail(
          `differ: ${unequal.map(([table, { different }]) => `${table} in ${plural(different, 'key')}`).join(', ')}`,
          runbook('reconcile-unequal.md'),
        )
      const uncompared = provable.flatMap((table) => failed[table] ?? [])
      if (uncompared.length > 0)
        return fail(
          `could not be compared: ${uncompared.map(({ message }) => message).join('; ')}`,
          runbook('proof-age.md'),
        )
      const unproven = Object.keys(tried).filter((table) => tables[table] === undefined)
      if (unproven.length > 0)
        return warn(`begun and never finished: ${unproven.join(', ')}`, runbook('proof-age.md'))
      const times = Object.values(tables).map(({ at }) => Date.parse(at))
      if (times.length === 0) return warn('nothing is proven yet', prove)
      const never = provable.filter((table) => tables[table] === undefined)
      if (never.length > 0) return warn(`not proven yet: ${never.join(', ')}`, prove)
      const age = now - Math.min(...times)
      const message = `${plural(times.length, 'table')} equal, the oldest proof is of ${ageText(age)} ago`
      return age > limits.proofHours * HOUR ? warn(message, runbook('proof-age.md'), prove) : ok(message)
    },
  },
]

/** Of the alarms of one account. */
export function alarmRules(id: string, account: string): readonly Rule<AlarmFacts>[] {
  return [{ id, title: `no alarm of the ${account} account rings`, evaluate: judgeAlarms }]
}

function judgeAlarms({ now, alarms }: AlarmFacts): Verdict {
  const ringing = alarms.filter(({ state }) => state === 'ALARM')
  if (ringing.length > 0)
    return fail(
      ringing
        .map(({ name, since }) => `${name}${since === null ? '' : ` for ${ageText(now - since)}`}`)
        .join(', '),
      ...ringing.map(({ name, description }) => step(`${name}: ${runbookOf(description)}`)),
    )
  if (alarms.length === 0)
    return warn('there is no alarm', step('apply the stacks: infra/modules/alarms makes them'))
  const silent = alarms.filter(({ state }) => state === 'INSUFFICIENT_DATA').length
  return ok(`none of ${alarms.length} rings${silent > 0 ? `; ${plural(silent, 'has', 'have')} no data` : ''}`)
}

/** Its page as Terraform ends the description of an alarm with, wherever runbooks are served from. */
export function runbookOf(description: string): string {
  const [, page] = /Runbook: \S*?([\w-]+\.md(?:#[\w-]+)?)\s*$/.exec(description) ?? []
  return page === undefined ? 'docs/runbooks/README.md' : `docs/runbooks/${page}`
}
