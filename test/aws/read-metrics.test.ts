import { afterEach, describe, expect, test } from 'vitest'
import { cloudWatchClient } from '../../aws/calls/clients.ts'
import { type MetricQuery, readMetrics } from '../../aws/cloudwatch/read-metrics.ts'
import { json } from './fake-partial-faults.ts'
import {
  type Answer,
  type Exchange,
  errorAnswer,
  type FaultProxy,
  faultProxy,
  operationOf,
} from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

interface Asked {
  readonly MetricDataQueries: readonly {
    readonly Id: string
    readonly MetricStat: {
      readonly Metric: {
        readonly MetricName: string
        readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
      }
      readonly Period: number
      readonly Stat: string
    }
  }[]
  readonly StartTime: number
  readonly EndTime: number
  readonly NextToken?: string
}

const window = { from: 1_795_000_000_000, to: 1_795_003_600_000, periodSeconds: 300 }
let double: FaultProxy | undefined

afterEach(async () => {
  await double?.close()
})

async function cloudWatch(answer: (asked: Asked, exchange: Exchange) => Answer) {
  const asked: Asked[] = []
  double = await faultProxy(async (exchange) => {
    expect(operationOf(exchange)).toBe('GetMetricData')
    const body: Asked = JSON.parse(exchange.body.toString())
    asked.push(body)
    return answer(body, exchange)
  })
  const settings = { client: cloudWatchClient(standInSettings(double.endpoint)), retry: quickRetry }
  return { asked, read: (queries: readonly MetricQuery[]) => readMetrics(settings, queries, window) }
}

const query = (metric: string): MetricQuery => ({
  namespace: 'Tidemark',
  metric,
  dimensions: { stage: 'capture', table: 'workforce.shifts' },
  statistic: 'Sum',
})
const complete = (Id: string, at: readonly number[], Values: readonly number[]) => ({
  Id,
  Timestamps: at,
  Values,
  StatusCode: 'Complete',
})

describe('metrics of CloudWatch', () => {
  test('come in the order they were asked for, over all pages, none for what nobody put', async () => {
    const { asked, read } = await cloudWatch(({ NextToken }) =>
      NextToken === undefined
        ? json({
            MetricDataResults: [
              { ...complete('m2', [1_795_000_200], [5]), StatusCode: 'PartialData' },
              complete('m0', [1_795_000_200, 1_795_000_500], [1, 2]),
            ],
            NextToken: 'more',
          })
        : json({ MetricDataResults: [complete('m2', [1_795_000_500], [7]), complete('m1', [], [])] }),
    )
    expect(await read([query('changes'), query('nothing'), query('pages')])).toEqual([
      [
        { at: 1_795_000_200_000, value: 1 },
        { at: 1_795_000_500_000, value: 2 },
      ],
      [],
      [
        { at: 1_795_000_200_000, value: 5 },
        { at: 1_795_000_500_000, value: 7 },
      ],
    ])
    expect(asked).toHaveLength(2)
    expect(asked[0]).toMatchObject({ StartTime: 1_795_000_000, EndTime: 1_795_003_600 })
    expect(asked[0]?.MetricDataQueries[0]).toEqual({
      Id: 'm0',
      MetricStat: {
        Metric: {
          Namespace: 'Tidemark',
          MetricName: 'changes',
          Dimensions: [
            { Name: 'stage', Value: 'capture' },
            { Name: 'table', Value: 'workforce.shifts' },
          ],
        },
        Period: 300,
        Stat: 'Sum',
      },
    })
  })

  test('are asked for 500 at a time', async () => {
    const { asked, read } = await cloudWatch(({ MetricDataQueries }) =>
      json({
        MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }) =>
          complete(Id, [1_795_000_200], [Number(MetricStat.Metric.MetricName)]),
        ),
      }),
    )
    const found = await read(Array.from({ length: 1_001 }, (_, index) => query(String(index))))
    expect(asked.map(({ MetricDataQueries }) => MetricDataQueries.length)).toEqual([500, 500, 1])
    expect(found.map(([point]) => point?.value)).toEqual(Array.from({ length: 1_001 }, (_, index) => index))
  })

  test.each([
    ['InternalError', 'aws/unavailable'],
    ['PartialData', 'aws/unavailable'],
    ['Forbidden', 'aws/refused'],
  ])('that are not whole are no answer: %s', async (StatusCode, code) => {
    const { read } = await cloudWatch(() =>
      json({ MetricDataResults: [{ Id: 'm0', Timestamps: [1_795_000_200], Values: [1], StatusCode }] }),
    )
    await expect(read([query('changes')])).rejects.toMatchObject({ code })
  })

  test('that may not be read are refused once', async () => {
    const { asked, read } = await cloudWatch((_, exchange) =>
      errorAnswer(exchange, 400, 'AccessDeniedException'),
    )
    await expect(read([query('changes')])).rejects.toMatchObject({ code: 'aws/refused' })
    expect(asked).toHaveLength(1)
  })
})
