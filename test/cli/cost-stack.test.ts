import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { costCommand } from '../../cli/commands/stack/cost.ts'
import type { Output } from '../../cli/terminal/output.ts'
import type { CostAnswer } from '../../cli/view/cost/cost-answer.ts'
import { FakeStack } from '../aws/fake-stack.ts'
import { tempFolder } from '../support/temp-folder.ts'

interface Query {
  readonly Id: string
  readonly MetricStat: {
    readonly Period: number
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
    }
  }
}

const HOUR = 3_600
let double: FakeStack
let deniedOf: string | undefined
/* Of each of the last ten hours: `namespace/metric dimension,dimension`. */
let hourly: Record<string, number> = {}

beforeEach(async () => {
  double = new FakeStack()
  const endpoint = await double.open()
  for (const [name, value] of Object.entries({
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: endpoint,
  }))
    vi.stubEnv(name, value)
  deniedOf = undefined
  hourly = {
    'Tidemark/changes capture,workforce.shops': 3_000,
    'Tidemark/changes capture,workforce.shifts': 600,
    'Tidemark/changes capture-service,workforce.shifts': 400,
    'Tidemark/calls land,S3': 500,
    'AWS/Lambda/Invocations tidemark-capture': 100,
    'AWS/Lambda/Duration tidemark-capture': 20_000,
    'AWS/Lambda/Invocations tidemark-compact': 10,
    'AWS/Lambda/Duration tidemark-compact': 60_000,
    'AWS/Kinesis/IncomingBytes tidemark-changes': 4_000 * 1_500,
    'AWS/Kinesis/IncomingRecords tidemark-changes': 4_000,
    'AWS/DynamoDB/ConsumedWriteCapacityUnits tidemark-raw': 900,
    'AWS/DynamoDB/ConsumedWriteCapacityUnits tidemark-raw,heads': 100,
    'AWS/Firehose/IncomingBytes tidemark-blocks': 100 * 6_000,
    'AWS/Firehose/IncomingRecords tidemark-blocks': 100,
    'AWS/SQS/NumberOfMessagesSent tidemark-land': 60,
    'AWS/S3/BucketSizeBytes lake,StandardStorage': 50 * 2 ** 30,
  }
  double.says.set('GraniteServiceVersion.GetMetricData', (asked) => answer(asked))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await double.close()
})

function answer({ MetricDataQueries, EndTime }: Readonly<Record<string, unknown>>) {
  const queries = MetricDataQueries as readonly Query[]
  if (queries.some(({ MetricStat }) => MetricStat.Metric.Namespace === deniedOf))
    return { error: 'AccessDeniedException' }
  return {
    MetricDataResults: queries.map(({ Id, MetricStat: { Metric, Period } }) => {
      const names = Metric.Dimensions.map(({ Value }) => Value).join()
      const value = hourly[`${Metric.Namespace}/${Metric.MetricName} ${names}`]
      const at = Array.from(
        { length: Period === HOUR ? 10 : 1 },
        (_, index) => Number(EndTime) - (10 - index) * HOUR,
      )
      const Timestamps = value === undefined ? [] : at
      return { Id, StatusCode: 'Complete', Timestamps, Values: Timestamps.map(() => value) }
    }),
  }
}

const data = {
  region: 'us-east-1',
  bucket: 'lake',
  raw_table: 'tidemark-raw',
  firehose_stream: 'tidemark-blocks',
  functions: { capture: 'tidemark-capture', land: 'tidemark-land', compact: 'tidemark-compact' },
  queues: { land: 'https://sqs.us-east-1.amazonaws.com/222222222222/tidemark-land' },
}

async function cost(outputs: object, ...more: readonly string[]): Promise<string> {
  const file = join(await tempFolder(), 'stack.json')
  await writeFile(file, JSON.stringify(outputs))
  const lines: string[] = []
  const output: Output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text) => lines.push(text),
  }
  const command = costCommand({ output, sourceFromEnvironment: undefined }).exitOverride()
  await command.parseAsync(['node', 'cost', '--stack', file, ...more])
  return lines.join('\n')
}

const both = {
  tidemark_data: { value: data },
  tidemark_source: { value: { region: 'us-east-1', stream_name: 'tidemark-changes' } },
}

test('what a stack was metered for is priced for a month, from its first change on', async () => {
  const { basis, bill, region } = JSON.parse(await cost(both, '--json')) as CostAnswer
  expect(region).toBe('us-east-1')
  expect(basis).toMatchObject({ kind: 'stack', seconds: 10 * HOUR })
  /* Ten hours were metered, a month has 730. */
  expect(bill.changes).toBeCloseTo(730 * 4_000, 3)
  const units = (stage: string, id: string) =>
    bill.lines
      .filter((line) => line.stage === stage && line.id === id)
      .reduce((sum, line) => sum + line.units, 0)
  expect(units('capture', 'lambda.request')).toBeCloseTo(730 * 100, 6)
  expect(units('capture', 'lambda.x86')).toBeCloseTo(730 * 20, 6)
  expect(units('compact', 'lambda.x86')).toBeCloseTo((730 * 60 * 3_008) / 1_024, 6)
  /* Records of 1,500 bytes are two KiB, those of 6,000 bytes in Firehose ten. */
  expect(units('stream', 'kinesis.in')).toBeCloseTo((730 * 4_000 * 2_048) / 2 ** 30, 6)
  expect(units('format', 'firehose.in')).toBeCloseTo((730 * 100 * 10_240) / 2 ** 30, 6)
  expect(units('capture', 'dynamodb.write')).toBeCloseTo(730 * 1_000, 6)
  /* Objects that Firehose put, and requests that land made. */
  expect(units('land', 's3.put')).toBeCloseTo(730 * 560, 6)
  expect(units('storage', 's3.storage')).toBe(50)
  expect(units('source', 'dms.hour')).toBe(2 * 730)
  const of = (name: string) => bill.tables.find(({ table }) => table === name)?.perMonth ?? Number.NaN
  expect(of('workforce.shops') / of('workforce.shifts')).toBeCloseTo(3, 9)
  expect(of('workforce.shops') + of('workforce.shifts')).toBeCloseTo(bill.perMonth, 9)
})

test('what CloudWatch does not say is said', async () => {
  const text = await cost(both)
  expect(text).toContain('at the rate of 10 hours since')
  expect(text).toContain('Tables share by changes')
  expect(text).not.toContain('The stream is not in it')
  expect(await cost({ tidemark_data: { value: data } })).toContain('no file of --stack names it')
  deniedOf = 'AWS/Kinesis'
  expect(await cost(both)).toContain(
    'The stream is not in it: aws/refused: CloudWatch: AccessDeniedException',
  )
  deniedOf = 'AWS/Lambda'
  await expect(cost(both)).rejects.toMatchObject({ code: 'aws/refused' })
})

test('a stack without changes has no price for them', async () => {
  hourly = { 'AWS/Lambda/Invocations tidemark-capture': 100 }
  await expect(cost(both, '--since', '2d')).rejects.toMatchObject({ code: 'cost/nothing-metered' })
})

test('what is metered takes no volume, what is not metered no time', async () => {
  for (const more of [
    ['--changes-per-month', '1M'],
    ['--dir', '.'],
    ['--tables', '3'],
  ])
    await expect(cost(both, ...more)).rejects.toMatchObject({ code: 'usage/invalid' })
  const output: Output = { isTerminal: false, columns: 1, progress: () => undefined, result: () => undefined }
  const command = costCommand({ output, sourceFromEnvironment: undefined }).exitOverride()
  await expect(command.parseAsync(['node', 'cost', '--since', '1d', '--tables', '3'])).rejects.toMatchObject({
    code: 'usage/invalid',
  })
})
