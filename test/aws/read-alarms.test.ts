import { afterEach, expect, test } from 'vitest'
import { cloudWatchClient, sqsClient } from '../../aws/calls/clients.ts'
import { readAlarms } from '../../aws/cloudwatch/read-alarms.ts'
import { readQueue } from '../../aws/sqs/read-queue.ts'
import { FakeStack } from './fake-stack.ts'
import { quickRetry as retry, standInSettings } from './quick-settings.ts'

let double = new FakeStack()
afterEach(async () => {
  await double.close()
  double = new FakeStack()
})

test('alarms of a prefix are read over all pages, by name', async () => {
  const asked: unknown[] = []
  double.says.set('GraniteServiceVersion.DescribeAlarms', (body) => {
    asked.push(body)
    const [first, second] = [
      { AlarmName: 'tidemark-b', StateValue: 'ALARM', StateUpdatedTimestamp: 1_795_000_000 },
      { AlarmName: 'tidemark-a', AlarmDescription: 'It is so.' },
    ]
    return body['NextToken'] === undefined
      ? { MetricAlarms: [first], NextToken: 'more' }
      : { MetricAlarms: [second] }
  })
  const client = cloudWatchClient(standInSettings(await double.open()))
  expect(await readAlarms({ client, retry }, 'tidemark-')).toEqual([
    { name: 'tidemark-a', state: 'INSUFFICIENT_DATA', since: null, description: 'It is so.' },
    { name: 'tidemark-b', state: 'ALARM', since: 1_795_000_000_000, description: '' },
  ])
  expect(asked).toMatchObject([{ AlarmNamePrefix: 'tidemark-' }, { NextToken: 'more' }])
})

test('a queue that may not be read is refused, not empty', async () => {
  const endpoint = await double.open()
  const client = sqsClient(standInSettings(endpoint))
  double.says.set('AmazonSQS.GetQueueAttributes', () => ({
    Attributes: { ApproximateNumberOfMessages: '7', ApproximateNumberOfMessagesNotVisible: '2' },
  }))
  const url = `${endpoint}/222222222222/tidemark-land`
  expect(await readQueue({ client, retry }, url)).toEqual({ waiting: 7, inFlight: 2 })
  double.denied.add('AmazonSQS.GetQueueAttributes')
  await expect(readQueue({ client, retry }, url)).rejects.toMatchObject({ code: 'aws/refused' })
})
