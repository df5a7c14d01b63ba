import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { statusCommand } from '../../cli/commands/status.ts'
import type { CheckResult } from '../../core/check.ts'
import { failures } from '../../core/failures/failures.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import { statusRules } from '../../stack/status/status-checks.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { dynamoFixture } from '../aws/dynamo-fixture.ts'
import { FakeStack } from '../aws/fake-stack.ts'
import { entry } from '../ports/quarantine.contract.ts'
import { page } from '../ports/raw-store.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'

const dynamo = await dynamoFixture()
let double: FakeStack
let endpoint: string
let tables: Record<'raw' | 'quarantine' | 'ledger', DynamoTable>

beforeAll(async () => {
  tables = { raw: await dynamo.rawTable(), quarantine: await dynamo.table(), ledger: await dynamo.table() }
})
beforeEach(async () => {
  double = new FakeStack()
  endpoint = await double.open()
  for (const [name, value] of Object.entries({
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.proxy.endpoint,
  }))
    vi.stubEnv(name, value)
  seedWell()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await double.close()
})
afterAll(() => dynamo.close())

const arn = (what: string) => `arn:aws:dms:eu-west-1:111111111111:${what}`
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
const queue = (name: string) => `${endpoint}/222222222222/tidemark-${name}`
const depth = (waiting: number) => ({
  Attributes: {
    ApproximateNumberOfMessages: String(waiting),
    ApproximateNumberOfMessagesNotVisible: '0',
  },
})
const alarm = (name: string, StateValue: string, page: string) => ({
  AlarmName: `tidemark-${name}`,
  StateValue,
  StateUpdatedTimestamp: Date.now() / 1_000 - 7_200,
  AlarmDescription: `Something is so. Runbook: https://example.com/runbooks/${page}`,
})

const WORKFORCE = ['absences', 'employees', 'employment_contracts', 'payslips', 'shifts', 'shops']

/* CloudWatch's newest point of each metric, seconds or milliseconds as the metric has them. */
let metrics: Record<string, number | undefined> = {}

function seedWell(): void {
  metrics = { CDCLatencySource: 3, CDCLatencyTarget: 4, IteratorAge: 1_500, freshness: 65_000, age: 900 }
  double.says.set('AmazonDMS.DescribeReplicationTasks', () => ({
    ReplicationTasks: [{ Status: 'running', MigrationType: 'cdc', ReplicationTaskStartDate: 1_795_000_000 }],
  }))
  double.says.set('AmazonDMS.DescribeReplicationInstances', () => ({
    ReplicationInstances: [
      { ReplicationInstanceIdentifier: 'tidemark', ReplicationInstanceStatus: 'available' },
    ],
  }))
  double.says.set('GraniteServiceVersion.GetMetricData', ({ MetricDataQueries }) => ({
    MetricDataResults: (MetricDataQueries as readonly Query[]).map(({ Id, MetricStat }) => {
      const value = metrics[MetricStat.Metric.MetricName]
      const points = value === undefined ? [] : [value]
      return { Id, StatusCode: 'Complete', Timestamps: points.map(() => Date.now() / 1_000), Values: points }
    }),
  }))
  double.says.set('GraniteServiceVersion.DescribeAlarms', () => ({
    MetricAlarms: [alarm('lake-freshness', 'OK', 'lake-freshness.md')],
  }))
  double.says.set('AmazonSQS.GetQueueAttributes', () => depth(0))
  const proof = { equal: true, lsn: '7', at: hoursAgo(2), sourceRows: 1, lakeRows: 1, way: 'streamed' }
  const kept = { ...proof, sample: null, different: 0, inQuarantine: 0 }
  const proofs = Object.fromEntries(WORKFORCE.map((name) => [`workforce.${name}`, kept]))
  for (const name of ['capture', 'format'])
    double.eventSources.set(`tidemark-${name}`, [{ UUID: `uuid-${name}`, State: 'Enabled' }])
  double.objects.set('lake/state/proofs.json', JSON.stringify({ format: 1, tables: proofs }))
}

interface Query {
  readonly Id: string
  readonly MetricStat: { readonly Metric: { readonly MetricName: string } }
}

async function status(...more: readonly string[]) {
  const folder = await tempFolder()
  const files = { data: join(folder, 'data.json'), source: join(folder, 'source.json') }
  const data = {
    region: 'eu-west-1',
    bucket: 'lake',
    systems: ['workforce-postgres'],
    raw_table: tables.raw.name,
    ledger_table: tables.ledger.name,
    quarantine_table: tables.quarantine.name,
    functions: Object.fromEntries(
      ['audit', 'capture', 'compact', 'format'].map((name) => [name, `tidemark-${name}`]),
    ),
    queues: { land: queue('land'), land_dead: queue('land-dead') },
  }
  const source = {
    region: 'eu-west-1',
    cdc_task_arn: arn('task:CDC'),
    slot_name: 'tidemark',
    replication_instance_arn: arn('rep:INSTANCE'),
  }
  await writeFile(files.data, JSON.stringify({ tidemark_data: data }))
  await writeFile(files.source, JSON.stringify({ tidemark_source: source }))
  const lines: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text: string) => void lines.push(text),
  }
  process.exitCode = undefined
  const stack = more.includes('--data-only') ? [files.data] : [files.data, files.source]
  const options = more.filter((option) => option !== '--data-only')
  await statusCommand({ output, sourceFromEnvironment: undefined }).parseAsync([
    ...['node', 'tidemark', '--stack', ...stack, ...options],
  ])
  return { code: process.exitCode, text: lines.join('\n'), stack: stack.join(' ') }
}

async function checks(...more: readonly string[]) {
  const { code, text, stack } = await status('--json', ...more)
  const answer = JSON.parse(text)
  const found: readonly CheckResult[] = answer.checks
  const of = (id: string) => found.find((check) => check.id === `status.${id}`)
  const wrong = found.filter(({ state }) => state !== 'ok').map(({ id }) => id)
  return { code, answer, of, wrong, stack }
}

test('a stack whose capture is switched off is not green, though nothing measures it', async () => {
  double.eventSources.set('tidemark-capture', [{ UUID: 'uuid-capture', State: 'Disabled' }])
  metrics['IteratorAge'] = undefined
  const { code, wrong, of } = await checks()
  expect([code, wrong]).toEqual([1, ['status.readers']])
  expect(of('readers')?.fix.map(({ text }) => text)).toEqual([
    'aws lambda update-event-source-mapping --uuid uuid-capture --enabled',
  ])
})

test('a stack that balances, is proven and where nothing rings is green', async () => {
  const { code, answer, wrong, of } = await checks()
  expect([code, answer.state, wrong]).toEqual([0, 'ok', []])
  expect(answer.checks.map(({ id }: CheckResult) => id)).toEqual(statusRules.map(({ id }) => id))
  expect(of('cdc-latency')?.message).toBe('3 s behind the source, 4 s until the stream')
  expect(of('readers')?.message).toBe('behind: tidemark-capture 2 s, tidemark-format 2 s')
  expect(of('freshness')?.message).toContain('queryable 65 s after the commit')
  expect(answer.balances.map(({ contract }: { contract: string }) => contract)).toContain(
    'workforce.shops v1',
  )
  const { text } = await status()
  expect(text).toMatch(/✔ status.alarms +none of 1 rings/)
  expect(text).toMatch(/workforce.shops v1 +0 +0 +0 +0 +0 +balanced/)
})

test('a compaction that failed is named by its code, with what to do and how it is tried again', async () => {
  const record = {
    format: 1,
    table: 'workforce.shifts',
    version: 1,
    builds: [],
    historySince: null,
    retired: [],
    begunAt: Date.now(),
    foldedAt: Date.now() - 3_600_000,
  }
  const failure = { at: Date.now() - 7_200_000, code: 'lake/unreadable', message: 'a file is gone' }
  const key = 'lake/state/compaction/workforce.shifts.v1.json'
  double.objects.set(key, JSON.stringify({ ...record, failure }))
  const { code, wrong, of } = await checks()
  expect([code, wrong]).toEqual([1, ['status.compaction']])
  expect(of('compaction')).toMatchObject({
    state: 'fail',
    message: 'failed: workforce.shifts v1: lake/unreadable 2 h ago: a file is gone',
  })
  const fixes = of('compaction')?.fix.map(({ text }) => text)
  expect(fixes?.[0]).toBe(`lake/unreadable: ${failures['lake/unreadable'].advice}`)
  expect(fixes?.at(-1)).toContain(`--function-name tidemark-compact `)
  double.objects.set(key, JSON.stringify({ ...record, failure: null }))
  expect((await checks()).wrong).toEqual([])
})

test('whatever is wrong is named with its runbook or its command, and keeps nothing else', async () => {
  Object.assign(metrics, { CDCLatencyTarget: 900, IteratorAge: 3_600_000, freshness: 7_200_000 })
  double.says.set('AmazonDMS.DescribeReplicationTasks', () => ({
    ReplicationTasks: [
      {
        Status: 'failed',
        MigrationType: 'cdc',
        ReplicationTaskStartDate: 1_795_000_000,
        StopReason: 'Stop Reason FATAL_ERROR',
      },
    ],
  }))
  double.says.set('AmazonSQS.GetQueueAttributes', ({ QueueUrl }) =>
    depth(/dead/.test(String(QueueUrl)) ? 3 : 40),
  )
  double.says.set('GraniteServiceVersion.DescribeAlarms', () => ({
    MetricAlarms: [
      alarm('ledger-missing', 'ALARM', 'ledger.md#missing'),
      alarm('audit-silent', 'INSUFFICIENT_DATA', 'audit-silent.md'),
    ],
  }))
  const load = newLoad({ id: '20261128T100000-abcdef', tables: ['workforce.shops'], window: null }, [], 0)
  const failed = { ...load, tables: load.tables.map((table) => ({ ...table, state: 'failed' })) }
  double.objects.set(`lake/state/loads/${load.id}.json`, JSON.stringify({ format: 1, ...failed }))
  double.objects.set('lake/state/proofs.json', JSON.stringify({ format: 1, tables: {} }))
  const quarantine = new ItemQuarantine({
    table: quarantineItems(tables.quarantine),
    retentionDays: 9,
    now: Date.now,
  })
  const raw = new ItemRawStore({ table: rawItems(tables.raw), retentionDays: 30 })
  await quarantine.put([entry('a'), entry('b')])
  await raw.put([await page('workforce.shops', 1)])
  const { code, answer, of, stack } = await checks('--audit')
  const text = (id: string) => of(id)?.fix.map((fix) => fix.text)
  await quarantine.release(['a', 'b'], 'expired')
  expect([code, answer.state]).toEqual([1, 'fail'])
  expect(of('cdc-task')?.message).toBe('the CDC task is failed: Stop Reason FATAL_ERROR')
  expect(text('cdc-task')).toEqual([
    'docs/runbooks/cdc-task.md',
    `aws dms start-replication-task --start-replication-task-type resume-processing --replication-task-arn ${arn('task:CDC')}`,
  ])
  expect(text('cdc-latency')).toEqual(['docs/runbooks/cdc-latency.md#target'])
  expect([of('readers')?.state, of('freshness')?.state, of('queues')?.state]).toEqual(['fail', 'warn', 'ok'])
  expect(of('dead-letters')?.message).toBe('given up: land 3')
  expect(of('ledger')?.message).toBe('workforce.shops v1: 1 missing, 1 finding of the audit')
  expect(text('ledger')).toContain(`npx tidemark repair --stack ${stack} --missing`)
  expect(answer.findings).toMatchObject([{ kind: 'page', severity: 'fault' }])
  expect(of('quarantine')?.message).toMatch(/^2 changes in quarantine, the oldest for \d+ s$/)
  expect(text('loads')).toEqual([`npx tidemark load resume ${load.id} --stack ${stack}`])
  expect(of('proofs')?.message).toBe('nothing is proven yet')
  expect(of('alarms')).toMatchObject({ state: 'fail', message: 'tidemark-ledger-missing for 2 h' })
  expect(text('alarms')).toEqual(['tidemark-ledger-missing: docs/runbooks/ledger.md#missing'])
})

test('what may not be read is not checked, with the permission that it needs', async () => {
  for (const operation of ['AmazonDMS.DescribeReplicationTasks', 'AmazonSQS.GetQueueAttributes'])
    double.denied.add(operation)
  double.denied.add('S3.GetObject')
  const { code, of } = await checks()
  expect(code).toBe(1)
  expect(of('cdc-task')).toMatchObject({
    state: 'unknown',
    message: 'not checked: needs dms:DescribeReplicationTasks on * (production account)',
  })
  for (const id of ['queues', 'dead-letters'])
    expect(of(id)?.message).toBe('not checked: needs sqs:GetQueueAttributes on the queues of the stack')
  expect(of('proofs')?.message).toMatch(/^not checked: needs s3:/)
  expect(of('cdc-latency')?.state).toBe('ok')
})

test('without the outputs of production its checks say which file is missing', async () => {
  const { of, code } = await checks('--data-only')
  expect(code).toBe(1)
  expect(of('cdc-task')).toMatchObject({
    state: 'unknown',
    message: 'not checked: tidemark_source has no cdc_task_arn',
    fix: [{ text: 'name the files of both stacks with --stack' }],
  })
  expect(of('alarms')?.state).toBe('ok')
})
