import type { FakeStack } from '../aws/fake-stack.ts'

export const keys = ['capture', 'format', 'land', 'loads'] as const
export const arn = (what: string) => `arn:aws:dms:eu-west-1:111111111111:${what}`
export const endpoints = ['SOURCE', 'STREAM', 'LOADS'].map((name) => arn(`endpoint:${name}`))
export const connection = (EndpointArn: string, Status: string) => ({ EndpointArn, Status })
export const secret = (stages: Readonly<Record<string, readonly string[]>>) => () => ({
  VersionIdsToStages: stages,
})
export const instance = (ReplicationInstanceStatus: string) => () => ({
  ReplicationInstances: [
    {
      ReplicationInstanceIdentifier: 'tidemark',
      ReplicationInstanceStatus,
      EngineVersion: '3.5.4',
      AllocatedStorage: 100,
    },
  ],
})
export const task = (Status: string, StopReason?: string) => () => ({
  ReplicationTasks: [
    {
      Status,
      MigrationType: 'cdc',
      ReplicationTaskStartDate: 1_795_000_000,
      ...(StopReason === undefined ? {} : { StopReason }),
    },
  ],
})
export const statistics = (TableState: string) => () => ({
  TableStatistics: [{ SchemaName: 'workforce', TableName: 'shops', TableState }],
})
export const dynamo = (change: object) => (body: Readonly<Record<string, unknown>>) => {
  const isRaw = body['TableName'] === 'tidemark-raw'
  const indexes = [{ IndexName: 'heads', IndexStatus: 'ACTIVE' }]
  const raw = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }
  const own = isRaw ? { ...raw, GlobalSecondaryIndexes: indexes, ...change } : {}
  return { Table: { TableStatus: 'ACTIVE', ...own } }
}

interface Query {
  readonly Id: string
  readonly MetricStat: { readonly Metric: { readonly MetricName: string } }
}

/** A stack that has all it needs; gives the newest value of each metric, to be changed. */
export function seedWell(double: FakeStack): Record<string, number | undefined> {
  const metrics: Record<string, number | undefined> = {
    FreeStorageSpace: 5e10,
    IncomingRecords: 1_200,
    WriteProvisionedThroughputExceeded: 0,
  }
  metrics['DeliveryToS3.DataFreshness'] = 61
  const { says } = double
  says.set('AmazonDMS.DescribeReplicationTasks', task('running'))
  says.set('AmazonDMS.DescribeTableStatistics', statistics('Table completed'))
  says.set('AmazonDMS.DescribeConnections', () => ({
    Connections: endpoints.map((one) => connection(one, 'successful')),
  }))
  says.set('AmazonDMS.DescribeReplicationInstances', instance('available'))
  says.set('GraniteServiceVersion.GetMetricData', ({ MetricDataQueries }) => ({
    MetricDataResults: (MetricDataQueries as readonly Query[]).map(({ Id, MetricStat }) => {
      const value = metrics[MetricStat.Metric.MetricName]
      const points = value === undefined ? [] : [value]
      return { Id, StatusCode: 'Complete', Timestamps: points.map(() => Date.now() / 1_000), Values: points }
    }),
  }))
  says.set('AmazonSQS.GetQueueAttributes', () => ({ Attributes: { ApproximateNumberOfMessages: '0' } }))
  says.set('Firehose.DescribeDeliveryStream', () => ({
    DeliveryStreamDescription: { DeliveryStreamStatus: 'ACTIVE' },
  }))
  says.set('DynamoDB.DescribeTable', dynamo({}))
  says.set('DynamoDB.DescribeTimeToLive', () => ({
    TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' },
  }))
  says.set('AWSGlue.GetDatabase', ({ Name }) => ({ Database: { Name } }))
  says.set('AmazonAthena.GetWorkGroup', () => ({ WorkGroup: { Name: 'tidemark', State: 'ENABLED' } }))
  says.set('secretsmanager.DescribeSecret', secret({ v1: ['AWSCURRENT'] }))
  double.buckets.add('lake')
  for (const key of keys) {
    double.functions.set(`tidemark-${key}`, {
      CodeSha256: 'x',
      State: 'Active',
      LastUpdateStatus: 'Successful',
      LastModified: new Date(Date.now() - 3 * 3_600_000).toISOString(),
    })
    const source = { UUID: `uuid-${key}`, State: 'Enabled', LastProcessingResult: 'OK' }
    if (key !== 'loads') double.eventSources.set(`tidemark-${key}`, [source])
  }
  return metrics
}
