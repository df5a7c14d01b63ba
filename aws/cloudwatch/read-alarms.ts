import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { MetricsSettings } from './read-metrics.ts'

/** An alarm on a metric, as it stands. */
export interface MetricAlarm {
  readonly name: string
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'
  /** Since when, epoch milliseconds. */
  readonly since: number | null
  readonly description: string
}

const call: CallName = { code: 'aws/unavailable', what: 'CloudWatch' }
/* API reference, DescribeAlarms; no account has more than 100 pages of alarms of one name. */
const PAGE = 100
const MAX_PAGES = 100

/** Alarms whose name begins so, by name. Throws `aws/unavailable` and `aws/refused`. */
export async function readAlarms(
  { client, retry }: MetricsSettings,
  prefix: string,
): Promise<readonly MetricAlarm[]> {
  const alarms: MetricAlarm[] = []
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const NextToken = token
    const command = new DescribeAlarmsCommand({
      AlarmNamePrefix: prefix,
      AlarmTypes: ['MetricAlarm'],
      MaxRecords: PAGE,
      NextToken,
    })
    const answer = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
    for (const { AlarmName, StateValue, StateUpdatedTimestamp, AlarmDescription } of answer.MetricAlarms ??
      [])
      alarms.push({
        name: AlarmName ?? '',
        state: StateValue ?? 'INSUFFICIENT_DATA',
        since: StateUpdatedTimestamp?.getTime() ?? null,
        description: AlarmDescription ?? '',
      })
    token = answer.NextToken
    if (token === undefined) return alarms.sort((one, other) => (one.name < other.name ? -1 : 1))
  }
  throw new PipelineError('aws/unavailable', `CloudWatch: more than ${MAX_PAGES} pages of alarms`)
}
