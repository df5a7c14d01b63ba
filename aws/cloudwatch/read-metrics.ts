import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

export interface MetricsSettings {
  readonly client: CloudWatchClient
  readonly retry: RetryPolicy
}

/** One metric, by exactly the dimensions it was put with: CloudWatch adds up nothing over dimensions that are left out. */
export interface MetricQuery {
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum' | 'Average' | 'SampleCount' | `p${number}`
}

/** From (inclusive) to (exclusive), epoch milliseconds, in steps of a period. */
export interface MetricWindow {
  readonly from: number
  readonly to: number
  /** A multiple of 60; of 300 for what began 15 days ago, of 3600 for 63 days (API reference, MetricStat). */
  readonly periodSeconds: number
}

/** What CloudWatch has of one period; periods without data are left out. */
export interface MetricPoint {
  /** Begin of the period, epoch milliseconds. */
  readonly at: number
  readonly value: number
}

const call: CallName = { code: 'aws/unavailable', what: 'CloudWatch' }
/* API reference, GetMetricData. */
const MAX_QUERIES = 500
/* 100,800 points a page: the 500 metrics of a request, by the minute for 15 days, are 108 pages. */
const MAX_PAGES = 200

/**
 * Points of metrics, oldest first, in the order of the queries; of a metric that nobody put, none. Throws
 * `aws/unavailable` when CloudWatch does not answer, or answers only in part, within the policy; `aws/refused` when it may
 * not be read.
 */
export async function readMetrics(
  settings: MetricsSettings,
  queries: readonly MetricQuery[],
  window: MetricWindow,
): Promise<readonly (readonly MetricPoint[])[]> {
  const series: (readonly MetricPoint[])[] = []
  for (let from = 0; from < queries.length; from += MAX_QUERIES)
    series.push(...(await readSome(settings, queries.slice(from, from + MAX_QUERIES), window)))
  return series
}

async function readSome(
  { client, retry }: MetricsSettings,
  queries: readonly MetricQuery[],
  { from, to, periodSeconds }: MetricWindow,
): Promise<readonly (readonly MetricPoint[])[]> {
  const series = queries.map((): MetricPoint[] => [])
  const request = {
    MetricDataQueries: queries.map((query, index) => dataQuery(query, index, periodSeconds)),
    StartTime: new Date(from),
    EndTime: new Date(to),
    ScanBy: 'TimestampAscending' as const,
  }
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const NextToken = token
    const answer = await callAws(call, retry, (abortSignal) =>
      client.send(new GetMetricDataCommand({ ...request, NextToken }), { abortSignal }),
    )
    addPage(series, answer)
    token = answer.NextToken
    if (token === undefined) return series
  }
  throw new PipelineError('aws/unavailable', `CloudWatch: more than ${MAX_PAGES} pages of one answer`)
}

function addPage(
  series: readonly MetricPoint[][],
  { MetricDataResults = [], NextToken }: GetMetricDataCommandOutput,
): void {
  for (const { Id = '', Timestamps = [], Values = [], StatusCode } of MetricDataResults) {
    if (StatusCode === 'Forbidden') throw new PipelineError('aws/refused', 'CloudWatch: Forbidden')
    /* An answer that is 200 and not whole; with a token the rest comes with it. */
    if (StatusCode !== 'Complete' && NextToken === undefined)
      throw new PipelineError('aws/unavailable', `CloudWatch: ${StatusCode ?? 'no status'}`)
    const points = series[Number(Id.slice(1))]
    for (const [index, at] of Timestamps.entries())
      points?.push({ at: at.getTime(), value: Values[index] ?? 0 })
  }
}

function dataQuery(
  { namespace: Namespace, metric: MetricName, dimensions, statistic: Stat }: MetricQuery,
  index: number,
  Period: number,
): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  return { Id: `m${index}`, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } }
}
