import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { doctorCommand } from '../../cli/commands/doctor.ts'
import type { CheckResult } from '../../core/check.ts'
import { stackRules } from '../../stack/doctor/stack-rules.ts'
import { FakeStack } from '../aws/fake-stack.ts'
import { tempFolder } from '../support/temp-folder.ts'
import {
  arn,
  connection,
  dynamo,
  endpoints,
  instance,
  keys,
  secret,
  seedWell,
  statistics,
  task,
} from './well-stack.ts'

let double: FakeStack
let endpoint: string
let metrics: Record<string, number | undefined>
beforeEach(async () => {
  double = new FakeStack()
  endpoint = await double.open()
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'test')
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
  metrics = seedWell(double)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await double.close()
})

async function doctor(...more: readonly string[]) {
  const file = join(await tempFolder(), 'stack.json')
  const data = {
    region: 'eu-west-1',
    bucket: 'lake',
    catalog_prefix: '',
    systems: ['workforce-postgres'],
    raw_table: 'tidemark-raw',
    quarantine_table: 'tidemark-quarantine',
    ledger_table: 'tidemark-ledger',
    firehose_stream: 'tidemark',
    athena_workgroup: 'tidemark',
    mask_secret: 'arn:mask',
    source_secret: 'arn:source',
    functions: Object.fromEntries(keys.map((key) => [key, `tidemark-${key}`])),
    queues: { land: `${endpoint}/2/tidemark-land`, land_dead: `${endpoint}/2/tidemark-land-dead` },
  }
  const [source_endpoint_arn, stream_endpoint_arn, load_endpoint_arn] = endpoints
  const source = {
    region: 'eu-west-1',
    stream_name: 'tidemark-changes',
    slot_name: 'tidemark',
    source_endpoint_arn,
    stream_endpoint_arn,
    load_endpoint_arn,
    cdc_task_arn: arn('task:CDC'),
    replication_instance_arn: arn('rep:INSTANCE'),
  }
  await writeFile(file, JSON.stringify({ tidemark_data: data, tidemark_source: source }))
  const lines: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text: string) => void lines.push(text),
  }
  process.exitCode = undefined
  const schemas = resolve(import.meta.dirname, '../../schemas')
  await doctorCommand({ output, sourceFromEnvironment: undefined }).parseAsync([
    ...['node', 'tidemark', '--stack', file, '--contracts', schemas, '--json', ...more],
  ])
  const checks: readonly CheckResult[] = JSON.parse(lines.join('\n')).checks
  const wrong = checks.filter(({ state }) => state !== 'ok')
  return { code: process.exitCode, checks, wrong }
}

test('a stack that has all it needs is fine, each check of the list once, and nothing is changed', async () => {
  const { code, checks, wrong } = await doctor()
  expect([code, wrong]).toEqual([0, []])
  const listed = [...stackRules.production, ...stackRules.data].map(({ id }) => id)
  expect(checks.map(({ id }) => id)).toEqual(listed)
  expect(double.asked.filter((call) => !/\.(Describe|Get|List|Head)/.test(call))).toEqual([])
  const of = (id: string) => checks.find((check) => check.id === id)?.message
  expect(of('stack.functions')).toBe('4 functions, last changed 3 h ago')
  expect(of('stack.firehose')).toBe('tidemark is active, its oldest block waits for 61 s')
})

/* What is wrong, which check finds it, and how its fix begins. */
type Seed = readonly [seed: () => unknown, id: string, state: string, fix: string]
const seeds: Readonly<Record<string, Seed>> = {
  'a task that stopped': [
    () =>
      double.says.set('AmazonDMS.DescribeReplicationTasks', task('stopped', 'Stop Reason RECOVERABLE_ERROR')),
    ...(['stack.cdc-task', 'fail', 'docs/runbooks/cdc-task.md'] as const),
  ],
  'a table that DMS gave up': [
    () => double.says.set('AmazonDMS.DescribeTableStatistics', statistics('Table error')),
    ...(['stack.tables', 'fail', 'docs/runbooks/dms-errors.md'] as const),
  ],
  'an endpoint that cannot be reached': [
    () =>
      double.says.set('AmazonDMS.DescribeConnections', () => ({
        Connections: endpoints.map((one, index) => connection(one, index === 1 ? 'failed' : 'successful')),
      })),
    ...(['stack.endpoints', 'fail', 'docs/runbooks/cdc-task.md'] as const),
  ],
  'endpoints that nobody tested': [
    () => double.says.set('AmazonDMS.DescribeConnections', () => ({ error: 'ResourceNotFoundFault' })),
    ...(['stack.endpoints', 'fail', 'aws dms test-connection --replication-instance-arn'] as const),
  ],
  'endpoints that are being tested': [
    () =>
      double.says.set('AmazonDMS.DescribeConnections', () => ({
        Connections: endpoints.map((one) => connection(one, 'testing')),
      })),
    ...(['stack.endpoints', 'warn', 'look again in a minute'] as const),
  ],
  'an instance without room': [
    () => Object.assign(metrics, { FreeStorageSpace: 1e9 }),
    ...(['stack.instance', 'warn', 'docs/runbooks/replication-instance.md#disk'] as const),
  ],
  'an instance whose disk is full': [
    () => double.says.set('AmazonDMS.DescribeReplicationInstances', instance('storage-full')),
    ...(['stack.instance', 'fail', 'docs/runbooks/replication-instance.md'] as const),
  ],
  'a stream that refuses': [
    () => Object.assign(metrics, { WriteProvisionedThroughputExceeded: 7 }),
    ...(['stack.stream', 'warn', 'docs/runbooks/stream-throttled.md'] as const),
  ],
  'a function that is not there': [
    () => double.functions.delete('tidemark-land'),
    ...(['stack.functions', 'fail', 'terraform -chdir=infra/stacks/data apply'] as const),
  ],
  'a function whose update failed': [
    () => double.functions.set('tidemark-land', { State: 'Active', LastUpdateStatus: 'Failed' }),
    ...(['stack.functions', 'fail', 'docs/runbooks/bad-deploy.md'] as const),
  ],
  'a reader that was switched off': [
    () => double.eventSources.set('tidemark-format', [{ UUID: 'uuid-format', State: 'Disabled' }]),
    ...([
      'stack.event-sources',
      'fail',
      'aws lambda update-event-source-mapping --uuid uuid-format --enabled',
    ] as const),
  ],
  'a reader without a stream': [
    () => double.eventSources.delete('tidemark-capture'),
    ...(['stack.event-sources', 'fail', 'terraform'] as const),
  ],
  'a reader in trouble': [
    () =>
      double.eventSources.set('tidemark-land', [
        { UUID: 'u', State: 'Enabled', LastProcessingResult: 'PROBLEM: Function call failed' },
      ]),
    ...(['stack.event-sources', 'warn', 'docs/runbooks/function-errors.md'] as const),
  ],
  'dead letters': [
    () =>
      double.says.set('AmazonSQS.GetQueueAttributes', ({ QueueUrl }) => ({
        Attributes: { ApproximateNumberOfMessages: /dead/.test(String(QueueUrl)) ? '2' : '0' },
      })),
    ...(['stack.dead-letters', 'fail', 'docs/runbooks/dead-letters.md'] as const),
  ],
  'a delivery that stands': [
    () => Object.assign(metrics, { 'DeliveryToS3.DataFreshness': 7_200 }),
    ...(['stack.firehose', 'fail', 'docs/runbooks/firehose.md'] as const),
  ],
  'no delivery stream': [
    () => double.says.set('Firehose.DescribeDeliveryStream', () => ({ error: 'ResourceNotFoundException' })),
    ...(['stack.firehose', 'fail', 'terraform'] as const),
  ],
  'a raw table without its stream': [
    () =>
      double.says.set('DynamoDB.DescribeTable', dynamo({ StreamSpecification: { StreamEnabled: false } })),
    ...(['stack.dynamo-tables', 'fail', 'terraform'] as const),
  ],
  'a raw table whose index is being made': [
    () => double.says.set('DynamoDB.DescribeTable', dynamo({ GlobalSecondaryIndexes: [] })),
    ...(['stack.dynamo-tables', 'fail', 'terraform'] as const),
  ],
  'tables in which nothing expires': [
    () =>
      double.says.set('DynamoDB.DescribeTimeToLive', () => ({
        TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' },
      })),
    ...([
      'stack.dynamo-tables',
      'warn',
      'aws dynamodb update-time-to-live --table-name tidemark-raw',
    ] as const),
  ],
  'no bucket': [() => double.buckets.clear(), ...(['stack.bucket', 'fail', 'terraform'] as const)],
  'no database in Glue': [
    () => double.says.set('AWSGlue.GetDatabase', () => ({ error: 'EntityNotFoundException' })),
    ...([
      'stack.databases',
      'fail',
      'npx tidemark catalog apply --region eu-west-1 --root s3://lake',
    ] as const),
  ],
  'a workgroup that takes nothing': [
    () => double.says.set('AmazonAthena.GetWorkGroup', () => ({ WorkGroup: { State: 'DISABLED' } })),
    ...(['stack.workgroup', 'fail', 'terraform'] as const),
  ],
  'a masking key that nobody set': [
    () => double.says.set('secretsmanager.DescribeSecret', secret({})),
    ...(['stack.secrets', 'fail', 'a masking key is set once and never again'] as const),
  ],
  'secrets that were deleted': [
    () => double.says.set('secretsmanager.DescribeSecret', () => ({ DeletedDate: 1_795_000_000 })),
    ...(['stack.secrets', 'fail', 'aws secretsmanager restore-secret --secret-id arn:mask'] as const),
  ],
}

/* One of each check at a time: rounds of seeds that keep out of each other's way. */
const rounds = Object.entries(seeds).reduce<[name: string, ...Seed][][]>((all, [name, seed]) => {
  const free = all.find((round) => round.every(([, , id]) => id !== seed[1])) ?? []
  if (free.length === 0) all.push(free)
  free.push([name, ...seed])
  return all
}, [])

test.each(rounds.map((round) => [round.map(([name]) => name).join(', '), round] as const))(
  'what is wrong is found by its check alone, with what mends it: %s',
  async (_, round) => {
    for (const [, seed] of round) seed()
    const { code, wrong } = await doctor()
    const found = wrong.map(({ id, state, fix: [first] }) => [id, state, first?.text ?? ''] as const)
    expect([code, found.length]).toEqual([1, round.length])
    for (const [, , id, state, fix] of round)
      expect(found).toContainEqual([id, state, expect.stringMatching(startOf(fix))])
  },
)

function startOf(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}

test('whoever may nothing learns what each check needs, and nothing else fails', async () => {
  for (const operation of [...double.says.keys(), 'S3.HeadBucket']) double.denied.add(operation)
  for (const operation of ['GetFunctionConfiguration', 'ListEventSourceMappings'])
    double.denied.add(`Lambda.${operation}`)
  const { code, checks } = await doctor()
  expect(code).toBe(1)
  expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'unknown'))
  for (const { message } of checks) expect(message).toMatch(/^not checked: needs [a-z0-9]+:[A-Z]\w+/)
})
