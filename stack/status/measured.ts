import { type MetricQuery, type MetricsSettings, readMetrics } from '../../aws/cloudwatch/read-metrics.ts'
import type { Measured } from './status-facts.ts'

/** A metric over a window: null in each where nobody put it. */
export interface MeasuredMetric {
  readonly newest: Measured
  readonly largest: Measured
  readonly sum: Measured
}

const PERIOD_SECONDS = 300

/** Metrics over the last `windowMs`, by five minutes, in the order of the queries. Throws what `readMetrics` throws. */
export async function measured(
  { now, ...settings }: MetricsSettings & { readonly now: number },
  windowMs: number,
  queries: readonly MetricQuery[],
): Promise<readonly MeasuredMetric[]> {
  const window = { from: now - windowMs, to: now, periodSeconds: PERIOD_SECONDS }
  return (await readMetrics(settings, queries, window)).map((points) => {
    const values = points.map(({ value }) => value)
    const [newest] = values.slice(-1)
    if (newest === undefined) return { newest: null, largest: null, sum: null }
    return { newest, largest: Math.max(...values), sum: values.reduce((sum, value) => sum + value, 0) }
  })
}
