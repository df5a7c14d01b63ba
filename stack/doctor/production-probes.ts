import { cloudWatchClient, dmsClient } from '../../aws/calls/clients.ts'
import { DmsTasks, type TableStatistics } from '../../aws/dms/dms-tasks.ts'
import { readConnections } from '../../aws/dms/read-connections.ts'
import { readInstance } from '../../aws/dms/read-instance.ts'
import { outputsOf } from '../stack.ts'
import { measured } from '../status/measured.ts'
import { askingRetry as retry } from '../status/pipeline-probes.ts'
import { probe, type StackProbe } from '../status/stack-probe.ts'
import type { StackSession } from '../status/stack-session.ts'
import {
  cdcTaskRules,
  connectionRules,
  instanceRules,
  statisticsRules,
  streamRules,
} from './production-rules.ts'

/** Looks at DMS and the stream, in the production account. */
export function productionProbes(session: StackSession): readonly StackProbe[] {
  const { stack, source, now } = session
  const dms = () => source().client(dmsClient)
  const metrics = () => ({ client: source().client(cloudWatchClient), retry, now })
  const tasks = () => new DmsTasks({ client: dms(), retry, pollMs: 1_000, settleDeadlineMs: 1_000 })
  return [
    probe(cdcTaskRules, 'dms:DescribeReplicationTasks on * (production account)', async () => {
      const { cdc_task_arn: arn } = outputsOf(stack, 'source', ['cdc_task_arn'])
      return { arn, task: await tasks().state(arn) }
    }),
    probe(statisticsRules, 'dms:DescribeTableStatistics on the CDC task (production account)', async () => {
      const { cdc_task_arn: arn } = outputsOf(stack, 'source', ['cdc_task_arn'])
      const tables: TableStatistics[] = []
      for await (const table of tasks().statistics(arn)) tables.push(table)
      return { tables }
    }),
    probe(connectionRules, 'dms:DescribeConnections on * (production account)', async () => {
      const of = outputsOf(stack, 'source', [
        ...(['replication_instance_arn', 'source_endpoint_arn', 'stream_endpoint_arn'] as const),
        'load_endpoint_arn',
      ])
      const instance = of.replication_instance_arn
      return {
        instance,
        endpoints: {
          source: of.source_endpoint_arn,
          stream: of.stream_endpoint_arn,
          loads: of.load_endpoint_arn,
        },
        tested: await readConnections({ client: dms(), retry }, instance),
      }
    }),
    probe(
      instanceRules,
      'dms:DescribeReplicationInstances and cloudwatch:GetMetricData on * (production account)',
      async () => {
        const { replication_instance_arn: arn } = outputsOf(stack, 'source', ['replication_instance_arn'])
        const instance = await readInstance({ client: dms(), retry }, arn)
        const dimensions = { ReplicationInstanceIdentifier: instance.id }
        const [free] = await measured(metrics(), 900_000, [
          { namespace: 'AWS/DMS', metric: 'FreeStorageSpace', dimensions, statistic: 'Minimum' },
        ])
        return { instance, freeStorage: free?.newest ?? null }
      },
    ),
    probe(streamRules, 'cloudwatch:GetMetricData on * (production account)', async () => {
      const { stream_name: StreamName } = outputsOf(stack, 'source', ['stream_name'])
      const of = (metric: string) => ({
        namespace: 'AWS/Kinesis',
        metric,
        dimensions: { StreamName },
        statistic: 'Sum' as const,
      })
      const [records, refused] = await measured(metrics(), 3_600_000, [
        of('IncomingRecords'),
        of('WriteProvisionedThroughputExceeded'),
      ])
      return { records: records?.sum ?? null, refused: refused?.sum ?? null }
    }),
  ]
}
