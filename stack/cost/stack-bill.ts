import { cloudWatchClient } from '../../aws/calls/clients.ts'
import { defaultRetry } from '../../aws/calls/retry.ts'
import {
  type BilledMetric,
  dataMetrics,
  type StackNames,
  sourceMetrics,
} from '../../aws/cloudwatch/billed-metrics.ts'
import {
  type MetricPoint,
  type MetricQuery,
  type MetricWindow,
  readMetrics,
} from '../../aws/cloudwatch/read-metrics.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Basis } from '../../cost/basis.ts'
import { type Bill, priced } from '../../cost/bill.ts'
import { gb } from '../../cost/cadence.ts'
import { standingUsage } from '../../cost/fixed-usage.ts'
import type { PriceSheet } from '../../cost/price-sheet.ts'
import type { Setup } from '../../cost/setup.ts'
import { MONTH_SECONDS } from '../../cost/units.ts'
import { shared, type Usage } from '../../cost/usage.ts'
import { noVolume, type Volume } from '../../cost/volume.ts'
import type { Stack } from '../stack.ts'
import type { StackSession } from '../status/stack-session.ts'

const HOUR = 3_600
const DAY = 86_400
/* Somebody waits for the answer: fewer attempts than a function makes. */
const retry = { ...defaultRetry, attempts: 3, deadlineMs: 30_000 }

export interface StackBillOptions {
  readonly sinceMs: number
  readonly setup: Setup
  readonly sheet: PriceSheet
  /** Only the part of this source table. */
  readonly table: string | undefined
}

export interface StackBill {
  readonly bill: Bill
  readonly basis: Extract<Basis, { kind: 'stack' }>
}

/**
 * What a stack has used in a window, as CloudWatch metered it, priced for a month; hours, keys and alarms are those of the
 * setup. Tables share what changes cost by their changes. Throws `cost/nothing-metered` when no change was captured, and
 * what `readMetrics` throws for the data account; without the production account its stream is left out, and said so.
 */
export async function stackBill(
  session: StackSession,
  { sinceMs, setup, sheet, table: only }: StackBillOptions,
): Promise<StackBill> {
  const names = namesOf(session.stack)
  const window = windowOf(session.now, sinceMs)
  const tables = [...new Set(session.tables.map(({ source }) => source.table))]
  const read = (account: StackSession['data'], queries: readonly MetricQuery[], over = window) =>
    readMetrics({ client: account().client(cloudWatchClient), retry }, queries, over)

  /* The source's changes, and those of microservices, of each table. */
  const changes = await read(
    session.data,
    capturing.flatMap((stage) => tables.map((table) => changesOf({ stage, table }))),
  )
  const seconds = secondsOf(changes, window)
  const counts = tables
    .map(
      (table, index) =>
        [table, sumOf(changes.flatMap((one, at) => (at % tables.length === index ? one : [])))] as const,
    )
    .filter(([, count]) => count > 0)
  if (counts.length === 0 || seconds === 0)
    throw new PipelineError(
      'cost/nothing-metered',
      `no change was captured since ${new Date(window.from).toISOString()}`,
    )
  const factor = MONTH_SECONDS / seconds
  const month: Volume = {
    seconds: MONTH_SECONDS,
    tables: Object.fromEntries(
      counts.map(([table, count]) => [table, { ...noVolume, changes: count * factor }]),
    ),
  }

  const gaps = [...alwaysGaps]
  const usage = [...standingUsage(Object.keys(month.tables), setup)]
  const weights = Object.fromEntries(counts)
  const meter = async (account: StackSession['data'], metrics: readonly BilledMetric[]) => {
    const series = await read(
      account,
      metrics.flatMap(({ queries }) => queries),
    )
    usage.push(...usageOf(metrics, series, factor, weights))
  }
  await meter(session.data, dataMetrics(names, setup))
  if (names.stream === undefined) gaps.push('The stream is not in it: no file of --stack names it.')
  else
    await meter(session.source, sourceMetrics(names, setup)).catch((error: unknown) => {
      gaps.push(`The stream is not in it: ${reasonOf(error)}`)
    })
  const held = await bucketBytes(session, read)
  if (held === undefined)
    gaps.push('Storage of the lake is not in it: S3 says the size of a bucket once a day.')
  else usage.push({ stage: 'storage', id: 's3.storage', units: gb(held), table: null, isFixed: true })
  const since = new Date(window.to - seconds * 1_000).toISOString()
  return { bill: priced(usage, month, sheet, only), basis: { kind: 'stack', since, seconds, gaps } }
}

const alwaysGaps = [
  'Tables share by changes what CloudWatch knows of the stage only. Records are rounded at the mean size of an hour. Memory of functions is that of the setup.',
  'Requests to S3 are priced as writes, and raw pages are stored as large as their write units: both are the most that it can be.',
]

function namesOf({ data, source }: Stack): StackNames {
  const given = <K extends string>(name: K, value: string | undefined) =>
    value === undefined ? {} : { [name]: value }
  return {
    functions: Object.fromEntries(
      Object.entries(data.functions ?? {}).flatMap(([key, name]) =>
        name === undefined ? [] : [[key, name]],
      ),
    ),
    ...given('landQueue', data.queues?.land?.split('/').at(-1)),
    ...given('loadQueue', data.queues?.land_load?.split('/').at(-1)),
    ...given('rawTable', data.raw_table),
    ...given('quarantineTable', data.quarantine_table),
    ...given('ledgerTable', data.ledger_table),
    ...given('firehose', data.firehose_stream),
    ...given('workgroup', data.athena_workgroup),
    ...given('stream', source.stream_name),
  }
}

/* Whole periods: minutes for three hours, hours beyond, which CloudWatch keeps for 15 months. */
function windowOf(now: number, sinceMs: number): MetricWindow {
  const periodSeconds = sinceMs <= 3 * HOUR * 1_000 ? 60 : HOUR
  const periodMs = periodSeconds * 1_000
  const to = Math.floor(now / periodMs) * periodMs
  return { from: to - Math.ceil(sinceMs / periodMs) * periodMs, to, periodSeconds }
}

const capturing = ['capture', 'capture-service'] as const

const changesOf = (dimensions: Readonly<Record<string, string>>): MetricQuery => ({
  namespace: 'Tidemark',
  metric: 'changes',
  statistic: 'Sum',
  dimensions,
})

/* From the first period with a change: a stack may be younger than the window. */
function secondsOf(series: readonly (readonly MetricPoint[])[], { to }: MetricWindow): number {
  const first = series.flat().reduce((least, { at, value }) => (value > 0 ? Math.min(least, at) : least), to)
  return (to - first) / 1_000
}

function sumOf(points: readonly MetricPoint[] = []): number {
  return points.reduce((sum, { value }) => sum + value, 0)
}

function usageOf(
  metrics: readonly BilledMetric[],
  series: readonly (readonly MetricPoint[])[],
  factor: number,
  weights: Readonly<Record<string, number>>,
): readonly Usage[] {
  let at = 0
  return metrics.flatMap(({ stage, id, isFixed, queries, units }) => {
    const own = series.slice(at, at + queries.length)
    at += queries.length
    const use = { stage, id, isFixed, units: units(own) * factor }
    return isFixed ? [{ ...use, table: null }] : shared(use, weights)
  })
}

async function bucketBytes(
  { stack, data, now }: StackSession,
  read: (
    account: StackSession['data'],
    queries: readonly MetricQuery[],
    over: MetricWindow,
  ) => Promise<readonly (readonly MetricPoint[])[]>,
): Promise<number | undefined> {
  const { bucket } = stack.data
  if (bucket === undefined) return undefined
  const dimensions = { BucketName: bucket, StorageType: 'StandardStorage' }
  const query: MetricQuery = {
    namespace: 'AWS/S3',
    metric: 'BucketSizeBytes',
    dimensions,
    statistic: 'Average',
  }
  const to = Math.ceil(now / (DAY * 1_000)) * DAY * 1_000
  const [points = []] = await read(data, [query], { from: to - 4 * DAY * 1_000, to, periodSeconds: DAY })
  return points.at(-1)?.value
}

function reasonOf(error: unknown): string {
  if (error instanceof PipelineError) return `${error.code}: ${error.message}`
  throw error
}
