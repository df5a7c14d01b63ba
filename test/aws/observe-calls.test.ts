import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, expect, test } from 'vitest'
import { dynamoClient } from '../../aws/calls/clients.ts'
import type { ObservedCall } from '../../aws/calls/observe-calls.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { faults } from './fault-proxy.ts'
import { standInSettings } from './quick-settings.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())

test('every request of a client is told of by service and size, whatever becomes of it', async () => {
  const calls: ObservedCall[] = []
  const observe = (call: ObservedCall) => calls.push(call)
  const client = dynamoClient({ ...standInSettings(stage.proxy.endpoint), observe })
  const send = () => client.send(new ListTablesCommand({ Limit: 7 }))
  await send()
  stage.proxy.plan = () => faults.throttle
  await send().catch(() => undefined)
  stage.proxy.plan = () => faults['a cut before the request arrives']
  await send().catch(() => undefined)
  stage.proxy.plan = () => undefined
  client.destroy()
  const call = { service: 'DynamoDB', bytes: '{"Limit":7}'.length }
  expect(calls).toEqual([call, call, call])
})
