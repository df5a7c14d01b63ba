import { cloudWatchClient, dmsClient, lambdaClient, sqsClient } from '../../aws/calls/clients.ts'
import { defaultRetry, type RetryPolicy } from '../../aws/calls/retry.ts'
import type { MetricQuery } from '../../aws/cloudwatch/read-metrics.ts'
import { DmsTasks } from '../../aws/dms/dms-tasks.ts'
import { readInstance } from '../../aws/dms/read-instance.ts'
import { isSwitchedOff, readEventSources } from '../../aws/lambda/read-event-sources.ts'
import { readQueue } from '../../aws/sqs/read-queue.ts'
import { outputsOf } from '../stack.ts'
import { measured } from './measured.ts'
import { freshnessRules, latencyRules, queueRules, readerRules, taskRules } from './pipeline-checks.ts'
import { probe, type StackProbe } from './stack-probe.ts'
import type { StackSession } from './stack-session.ts'

/** Somebody waits for the answer: fewer attempts than a function makes. */
export const askingRetry: RetryPolicy = { ...defaultRetry, attempts: 3, deadlineMs: 20_000 }
const MINUTES_15 = 900_000
const HOUR = 3_600_000

/** Looks at the way of a change: task, stream, functions, queues. */
export function pipelineProbes(session: StackSession): readonly StackProbe[] {
  return [...taskProbes(session), ...functionProbes(session)]
}

function taskProbes({ stack, source, now }: StackSession): readonly StackProbe[] {
  const retry = askingRetry
  return [
    probe(taskRules, 'dms:DescribeReplicationTasks on * (production account)', async () => {
      const { cdc_task_arn: arn } = outputsOf(stack, 'source', ['cdc_task_arn'])
      const tasks = new DmsTasks({
        client: source().client(dmsClient),
        retry,
        pollMs: 1_000,
        settleDeadlineMs: 1_000,
      })
      return { arn, task: await tasks.state(arn) }
    }),
    probe(
      latencyRules,
      'dms:DescribeReplicationInstances and cloudwatch:GetMetricData on * (production account)',
      async () => {
        const arns = outputsOf(stack, 'source', ['cdc_task_arn', 'replication_instance_arn'])
        const client = source().client(dmsClient)
        const { id } = await readInstance({ client, retry }, arns.replication_instance_arn)
        const dimensions = {
          ReplicationInstanceIdentifier: id,
          /* CloudWatch knows a task by the end of its ARN. */
          ReplicationTaskIdentifier: arns.cdc_task_arn.split(':').at(-1) ?? '',
        }
        const of = (metric: string): MetricQuery => ({
          namespace: 'AWS/DMS',
          metric,
          dimensions,
          statistic: 'Maximum',
        })
        const queries = [of('CDCLatencySource'), of('CDCLatencyTarget')]
        const asked = { client: source().client(cloudWatchClient), retry, now }
        const [from, to] = await measured(asked, MINUTES_15, queries)
        return { sourceSeconds: from?.newest ?? null, targetSeconds: to?.newest ?? null }
      },
    ),
  ]
}

function functionProbes({ stack, data, now }: StackSession): readonly StackProbe[] {
  const retry = askingRetry
  const metrics = () => ({ client: data().client(cloudWatchClient), retry, now })
  return [
    probe(readerRules, 'cloudwatch:GetMetricData and lambda:ListEventSourceMappings on *', async () => {
      const { functions } = outputsOf(stack, 'data', ['functions'])
      const readers = (['capture', 'capture_service', 'format'] as const).flatMap(
        (key) => functions[key] ?? [],
      )
      const queries = readers.map(
        (FunctionName): MetricQuery => ({
          namespace: 'AWS/Lambda',
          metric: 'IteratorAge',
          statistic: 'Maximum',
          dimensions: { FunctionName },
        }),
      )
      const found = await measured(metrics(), MINUTES_15, queries)
      const landing = (['land', 'land_load'] as const).flatMap((key) => functions[key] ?? [])
      return {
        behindMs: new Map(readers.map((name, index) => [name, found[index]?.largest ?? null])),
        switchedOff: await switchedOff(data, [...readers, ...landing]),
      }
    }),
    probe(freshnessRules, 'cloudwatch:GetMetricData on *', async () => {
      const of = (stage: string, metric: string): MetricQuery => ({
        namespace: 'Tidemark',
        metric,
        statistic: 'p99',
        dimensions: { stage },
      })
      const queries = [of('capture', 'freshness'), of('format', 'age'), of('land', 'freshness')]
      const [capture, format, land] = await measured(metrics(), HOUR, queries)
      return {
        captureMs: capture?.largest ?? null,
        formatMs: format?.largest ?? null,
        landMs: land?.largest ?? null,
      }
    }),
    probe(queueRules, 'sqs:GetQueueAttributes on the queues of the stack', async () => {
      const { queues } = outputsOf(stack, 'data', ['queues'])
      const client = data().client(sqsClient)
      const depths = Object.entries(queues).map(
        async ([name, url = '']) => [name, await readQueue({ client, retry }, url)] as const,
      )
      return { queues: new Map(await Promise.all(depths)) }
    }),
  ]
}

async function switchedOff(data: StackSession['data'], names: readonly string[]) {
  const client = data().client(lambdaClient)
  const found = names.map(async (name) =>
    (await readEventSources({ client, retry: askingRetry }, name))
      .filter(isSwitchedOff)
      .map(({ id }) => ({ name, id })),
  )
  return (await Promise.all(found)).flat()
}
