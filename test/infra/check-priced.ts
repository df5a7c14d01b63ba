import { expect, test } from 'vitest'
import { defaultSetup } from '../../cost/setup.ts'
import { ofType } from './rules/rule.ts'
import { listAt, textAt } from './rules/values.ts'
import type { Resource } from './stack.ts'

/** What `tidemark cost` prices by the month is what an apply makes. */
export function checkPriced(applied: () => Promise<readonly Resource[]>) {
  test('are priced for as many alarms, dashboards, keys, secrets and endpoints as they have', async () => {
    const resources = await applied()
    const endpoints = ofType(resources, 'aws_vpc_endpoint').filter(
      (one) => textAt(one.values, 'vpc_endpoint_type') === 'Interface',
    )
    expect({
      alarms: ofType(resources, 'aws_cloudwatch_metric_alarm').length,
      dashboards: ofType(resources, 'aws_cloudwatch_dashboard').length,
      keys: ofType(resources, 'aws_kms_key').length,
      secrets: ofType(resources, 'aws_secretsmanager_secret').length,
      endpoints: endpoints.length,
    }).toEqual({
      alarms: defaultSetup.alarms,
      dashboards: defaultSetup.dashboards,
      keys: defaultSetup.keys,
      secrets: defaultSetup.secrets,
      endpoints: defaultSetup.endpoints,
    })
    /* An endpoint is billed in each zone that it stands in. */
    for (const one of endpoints) expect(listAt(one.values, 'subnet_ids')).toHaveLength(defaultSetup.zones)
  })
}
