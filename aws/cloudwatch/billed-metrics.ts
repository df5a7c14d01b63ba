import type { PriceId } from '../../cost/price-sheet.ts'
import type { Setup } from '../../cost/setup.ts'
import { firehoseBytes, GB, MONTH_HOURS, streamBytes } from '../../cost/units.ts'
import type { Stage, Usage } from '../../cost/usage.ts'
import type { MetricPoint, MetricQuery } from './read-metrics.ts'

/** What a stack calls its parts; those that nobody named are not metered. */
export interface StackNames {
  /** By the names of the command line: `land_load`. */
  readonly functions: Readonly<Record<string, string>>
  readonly rawTable?: string
  readonly quarantineTable?: string
  readonly ledgerTable?: string
  readonly firehose?: string
  readonly stream?: string
  readonly workgroup?: string
  /** The queue that is told of each object of Firehose, and the one of files of loads. */
  readonly landQueue?: string
  readonly loadQueue?: string
}

/** Metrics that together say how many units of a price were used in a window. */
export interface BilledMetric extends Pick<Usage, 'stage' | 'id' | 'isFixed'> {
  readonly queries: readonly MetricQuery[]
  readonly units: (series: readonly (readonly MetricPoint[])[]) => number
}

interface Role {
  readonly stage: Stage
  readonly memory: keyof Setup['memoryMib']
  /** Called by a schedule, not by changes. */
  readonly isFixed: boolean
}

const roles: Readonly<Record<string, Role>> = {
  capture: { stage: 'capture', memory: 'capture', isFixed: false },
  capture_service: { stage: 'capture', memory: 'capture', isFixed: false },
  format: { stage: 'format', memory: 'format', isFixed: false },
  land: { stage: 'land', memory: 'land', isFixed: false },
  land_load: { stage: 'land', memory: 'compact', isFixed: true },
  loads: { stage: 'land', memory: 'loads', isFixed: true },
  compact: { stage: 'compact', memory: 'compact', isFixed: true },
  reconcile: { stage: 'prove', memory: 'reconcile', isFixed: true },
  audit: { stage: 'audit', memory: 'audit', isFixed: true },
}

/** Of the account with the data: everything that CloudWatch knows and AWS bills there. */
export function dataMetrics(names: StackNames, setup: Setup): readonly BilledMetric[] {
  return [
    ...Object.entries(names.functions).flatMap(([key, name]) => ofFunction(key, name, setup)),
    ...ofTables(names, setup),
    ...ofDelivery(names),
    ...ofQueues(names),
    ...ofQueries(names),
  ]
}

/** Of the account with the source: the stream. */
export function sourceMetrics({ stream }: StackNames, setup: Setup): readonly BilledMetric[] {
  if (stream === undefined) return []
  const of = (metric: string) => sum('AWS/Kinesis', metric, { StreamName: stream })
  const inGb = rounded(streamBytes)
  return [
    {
      ...use('stream', 'kinesis.in'),
      queries: [of('IncomingBytes'), of('IncomingRecords')],
      units: (series) => inGb(series) / GB,
    },
    {
      ...use('stream', 'kinesis.out'),
      queries: [of('GetRecords.Bytes')],
      units: (series) => total(series) / GB,
    },
    {
      ...use('stream', 'kinesis.retention'),
      queries: [of('IncomingBytes'), of('IncomingRecords')],
      units: (series) => (inGb(series) / GB / MONTH_HOURS) * (setup.retentionHours - 24),
    },
    {
      ...use('source', 'endpoint.data'),
      queries: [of('IncomingBytes')],
      units: (series) => total(series) / GB,
    },
  ]
}

function ofFunction(key: string, name: string, setup: Setup): readonly BilledMetric[] {
  const role = roles[key]
  if (role === undefined) return []
  const { stage, memory, isFixed } = role
  const gib = setup.memoryMib[memory] / 1_024
  const own = (metric: string) => sum('AWS/Lambda', metric, { FunctionName: name })
  const calls = (service: string) => sum('Tidemark', 'calls', { stage: key.replaceAll('_', '-'), service })
  const logs = sum('AWS/Logs', 'IncomingBytes', { LogGroupName: `/aws/lambda/${name}` })
  const of = (id: PriceId, query: MetricQuery, factor = 1, at: Stage = stage): BilledMetric => ({
    stage: at,
    id,
    isFixed,
    queries: [query],
    units: (series) => total(series) * factor,
  })
  return [
    of('lambda.request', own('Invocations')),
    /* Milliseconds of the whole window. */
    of(setup.architecture === 'arm' ? 'lambda.arm' : 'lambda.x86', own('Duration'), gib / 1_000),
    of('s3.put', calls('S3')),
    of('glue.request', calls('Glue')),
    of('secrets.request', calls('SecretsManager'), 1, 'keys'),
    of('logs.in', logs, 1 / GB, 'watch'),
    of('logs.storage', logs, setup.logDays / (MONTH_HOURS / 24) / GB, 'watch'),
  ]
}

/* What nobody's role it is to count: who wrote into a table. The ledger's items are the audit's. */
function ofTables(
  { rawTable, quarantineTable, ledgerTable }: StackNames,
  setup: Setup,
): readonly BilledMetric[] {
  const of = (
    stage: Stage,
    id: 'dynamodb.write' | 'dynamodb.read',
    dimensions: Readonly<Record<string, string>>,
  ): BilledMetric => {
    const metric = id === 'dynamodb.write' ? 'ConsumedWriteCapacityUnits' : 'ConsumedReadCapacityUnits'
    return { ...use(stage, id), queries: [sum('AWS/DynamoDB', metric, dimensions)], units: total }
  }
  const both = (stage: Stage, TableName: string | undefined): readonly BilledMetric[] =>
    TableName === undefined
      ? []
      : [of(stage, 'dynamodb.write', { TableName }), of(stage, 'dynamodb.read', { TableName })]
  const raw = rawTable === undefined ? [] : [{ TableName: rawTable, GlobalSecondaryIndexName: 'heads' }]
  return [
    ...both('capture', rawTable),
    ...raw.flatMap((index) => [of('capture', 'dynamodb.write', index), of('audit', 'dynamodb.read', index)]),
    ...both('format', quarantineTable),
    ...both('audit', ledgerTable),
    ...(rawTable === undefined ? [] : (['dynamodb.storage', 'dynamodb.backup'] as const)).map(
      (id): BilledMetric => ({
        ...use('capture', id),
        queries: [sum('AWS/DynamoDB', 'ConsumedWriteCapacityUnits', { TableName: rawTable ?? '' })],
        /* CloudWatch has no size of a table: a KiB for each unit is the most that it holds. */
        units: (series) => (total(series) * 1_024 * setup.rawDays) / (MONTH_HOURS / 24) / GB,
      }),
    ),
  ]
}

function ofDelivery({ firehose }: StackNames): readonly BilledMetric[] {
  if (firehose === undefined) return []
  const of = (metric: string) => sum('AWS/Firehose', metric, { DeliveryStreamName: firehose })
  const inGb = rounded(firehoseBytes)
  return [
    {
      ...use('format', 'firehose.in'),
      queries: [of('IncomingBytes'), of('IncomingRecords')],
      units: (series) => inGb(series) / GB,
    },
  ]
}

/* S3's notices, what Lambda asks for, with and without an answer, and what it says is done. A notice is an object that Firehose put. */
function ofQueues({ landQueue, loadQueue }: StackNames): readonly BilledMetric[] {
  const of = (metric: string, QueueName: string) => sum('AWS/SQS', metric, { QueueName })
  const put = (name: string): BilledMetric => ({
    ...use('land', 's3.put'),
    queries: [of('NumberOfMessagesSent', name)],
    units: total,
  })
  const requests = (name: string): BilledMetric => ({
    ...use('land', 'sqs.request'),
    queries: queueRequests.map((metric) => of(metric, name)),
    units: total,
  })
  return [
    ...(landQueue === undefined ? [] : [put(landQueue), requests(landQueue)]),
    ...(loadQueue === undefined ? [] : [{ ...requests(loadQueue), isFixed: true }]),
  ]
}

const queueRequests = [
  'NumberOfMessagesSent',
  'NumberOfMessagesReceived',
  'NumberOfMessagesDeleted',
  'NumberOfEmptyReceives',
] as const

function ofQueries({ workgroup }: StackNames): readonly BilledMetric[] {
  if (workgroup === undefined) return []
  const dimensions = { WorkGroup: workgroup, QueryState: 'SUCCEEDED', QueryType: 'DML' }
  const queries = [sum('AWS/Athena', 'ProcessedBytes', dimensions)]
  return [{ ...use('query', 'athena.scan'), isFixed: true, queries, units: total }]
}

const use = (stage: Stage, id: PriceId) => ({ stage, id, isFixed: false })

function sum(namespace: string, metric: string, dimensions: Readonly<Record<string, string>>): MetricQuery {
  return { namespace, metric, dimensions, statistic: 'Sum' }
}

function total(series: readonly (readonly MetricPoint[])[]): number {
  return series.flat().reduce((all, { value }) => all + value, 0)
}

/* Records are rounded at the mean size of each period: CloudWatch has no other. */
function rounded(round: (bytes: number) => number): BilledMetric['units'] {
  return ([bytes = [], records = []]) => {
    const counts = new Map(records.map(({ at, value }) => [at, value]))
    return bytes.reduce((all, { at, value }) => {
      const count = counts.get(at) ?? 0
      return count === 0 ? all : all + count * round(value / count)
    }, 0)
  }
}
