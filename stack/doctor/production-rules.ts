import type { TableStatistics } from '../../aws/dms/dms-tasks.ts'
import type { TestedConnection } from '../../aws/dms/read-connections.ts'
import type { ReplicationInstance } from '../../aws/dms/read-instance.ts'
import { bytesText, count, plural } from '../../core/amount-text.ts'
import { fail, ok, type Rule, shell, step, unknown, warn } from '../../core/check.ts'
import { runbook, taskRules } from '../status/pipeline-checks.ts'
import type { Measured } from '../status/status-facts.ts'

export interface StatisticsFacts {
  readonly tables: readonly Pick<TableStatistics, 'table' | 'state'>[]
}

export interface ConnectionFacts {
  readonly instance: string
  /** ARNs by what they are: `source`, `stream`, `loads`. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly tested: readonly TestedConnection[]
}

export interface InstanceFacts {
  readonly instance: ReplicationInstance
  /** Bytes; null when CloudWatch has none. */
  readonly freeStorage: Measured
}

export interface StreamFacts {
  /** Over the last hour; null when CloudWatch has none. */
  readonly records: Measured
  readonly refused: Measured
}

/* As the alarm has it unless Terraform is told otherwise (limits.instance_gb_free). */
const FREE_BYTES = 20 * 2 ** 30
const brokenTables = ['Table error', 'Table does not exist', 'Table cancelled']

export const cdcTaskRules = taskRules.map((rule) => ({ ...rule, id: 'stack.cdc-task' }))

export const statisticsRules: readonly Rule<StatisticsFacts>[] = [
  {
    id: 'stack.tables',
    title: 'DMS has given up no table of the CDC task',
    evaluate: ({ tables }) => {
      const broken = tables.filter(({ state }) => brokenTables.includes(state))
      if (broken.length === 0) return ok(`${plural(tables.length, 'table')} in the CDC task, none in error`)
      return fail(broken.map(({ table, state }) => `${table}: ${state}`).join(', '), runbook('dms-errors.md'))
    },
  },
]

export const connectionRules: readonly Rule<ConnectionFacts>[] = [
  {
    id: 'stack.endpoints',
    title: 'the last test of each endpoint of DMS was successful',
    evaluate: ({ instance, endpoints, tested }) => {
      const of = (arn: string) => tested.find(({ endpoint }) => endpoint === arn)?.status
      const named = Object.entries(endpoints)
      const again = (arn: string) =>
        shell(`aws dms test-connection --replication-instance-arn ${instance} --endpoint-arn ${arn}`)
      const failed = named.filter(([, arn]) => of(arn) === 'failed')
      if (failed.length > 0)
        return fail(
          `cannot be reached: ${failed.map(([name]) => name).join(', ')}`,
          runbook('cdc-task.md'),
          ...failed.map(([, arn]) => again(arn)),
        )
      const open = named.filter(([, arn]) => of(arn) !== 'successful')
      if (open.length === 0) return ok(`successful: ${named.map(([name]) => name).join(', ')}`)
      const message = open.map(([name, arn]) => `${name} ${of(arn) ?? 'never tested'}`).join(', ')
      const untested = open.filter(([, arn]) => of(arn) === undefined)
      if (untested.length === 0) return warn(message, step('look again in a minute'))
      return fail(
        `${message}: DMS starts no task whose endpoints it has not tested`,
        ...untested.map(([, arn]) => again(arn)),
      )
    },
  },
]

export const instanceRules: readonly Rule<InstanceFacts>[] = [
  {
    id: 'stack.instance',
    title: 'the replication instance is available, with room on its disk',
    evaluate: ({ instance: { id, status, engineVersion, storageGb }, freeStorage }) => {
      const message = `${id}: ${status}, engine ${engineVersion}, ${storageGb} GB`
      if (status === 'storage-full' || status === 'failed')
        return fail(message, runbook('replication-instance.md'))
      if (status !== 'available') return warn(message, step('wait until it is available'))
      if (freeStorage === null) return unknown(`${message}; CloudWatch knows nothing of its disk`)
      const free = `${message}, ${bytesText(freeStorage)} free`
      return freeStorage < FREE_BYTES ? warn(free, runbook('replication-instance.md#disk')) : ok(free)
    },
  },
]

export const streamRules: readonly Rule<StreamFacts>[] = [
  {
    id: 'stack.stream',
    title: 'the stream takes what DMS sends',
    evaluate: ({ records, refused }) => {
      if (refused !== null && refused > 0)
        return warn(
          `${plural(refused, 'record was', 'records were')} refused in the last hour`,
          runbook('stream-throttled.md'),
        )
      return ok(`${count(records ?? 0)} records in the last hour, none refused`)
    },
  },
]
