import { createHash } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { cdcMappings, tableMappings } from '../../aws/dms/table-mappings.ts'
import { cdcTaskSettings, loadTaskSettings } from '../../aws/dms/task-settings.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { deployCommand } from '../../cli/commands/stack/deploy.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import { tables } from '../../schemas/index.ts'
import { FakeGlue } from '../aws/fake-glue.ts'
import { FakeStack } from '../aws/fake-stack.ts'
import { quickRetry as retry, standInSettings } from '../aws/quick-settings.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { tidemark } from '../support/tidemark.ts'
import { scratchContracts } from './scratch-contracts.ts'

const root = resolve(import.meta.dirname, '../..')
const sources = [...new Set(tables.map(({ source }) => source.table))].toSorted()
const keys = ['capture', 'format', 'land', 'loads'] as const
const packageOf = (key: string) => Buffer.from(`package of ${key}`)
const digest = (content: Buffer) => createHash('sha256').update(content).digest('base64')
const arns = {
  cdc_task_arn: 'arn:aws:dms:eu-west-1:1:task:CDC',
  load_task_arn: 'arn:aws:dms:eu-west-1:1:task:LOAD',
}

let double: FakeStack
let glue: FakeGlue
let endpoint: string
beforeEach(async () => {
  double = new FakeStack()
  glue = new FakeGlue()
  double.services.set('AWSGlue', glue.answer)
  endpoint = await double.open()
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'test')
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await double.close()
})

/* What `tidemark catalog apply` would have made of the contracts. */
async function applied(contracts: readonly Table[]): Promise<void> {
  const client = glueClient(standInSettings(endpoint))
  const missing = () => Promise.reject(new PipelineError('objects/missing', 'none'))
  const settings = {
    glue: glueTables({ client, retry }),
    prefix: '',
    root: 's3://lake',
    objects: { get: missing },
  }
  await (await planDefinitions(settings, contracts.map(catalogTable))).apply(false)
  client.destroy()
  double.asked.length = 0
}

interface Seeds {
  readonly mapped?: readonly string[]
  readonly cdcSettings?: object
  readonly status?: string
  readonly loaded?: readonly string[]
  readonly epoch?: string
}

function deployed({
  mapped = sources,
  cdcSettings = {},
  status = 'running',
  loaded = sources,
  epoch = '0',
}: Seeds = {}): void {
  for (const key of keys)
    double.functions.set(`tidemark-${key}`, {
      CodeSha256: digest(packageOf(key)),
      Environment: { Variables: { TIDEMARK_EPOCH: epoch, TIDEMARK_SYSTEMS: 'workforce-postgres' } },
    })
  double.says.set('AmazonDMS.DescribeReplicationTasks', ({ Filters }) => {
    const isCdc = JSON.stringify(Filters).includes(arns.cdc_task_arn)
    const settings = isCdc ? { ...cdcTaskSettings, ...cdcSettings } : loadTaskSettings
    const task = {
      Status: isCdc ? status : 'stopped',
      ReplicationTaskStartDate: 1_795_000_000,
      TableMappings: isCdc ? cdcMappings(mapped) : tableMappings(mapped),
      ReplicationTaskSettings: JSON.stringify({ ...settings, StreamBufferSettings: null }),
    }
    return { ReplicationTasks: [task] }
  })
  if (loaded.length === 0) return
  const load = newLoad({ id: '20261128T100000-abcdef', tables: loaded, window: null }, [], 0)
  const whole: Load = { ...load, tables: load.tables.map((table) => ({ ...table, state: 'complete' })) }
  double.objects.set(`lake/state/loads/${load.id}.json`, JSON.stringify({ format: 1, ...whole }))
}

async function stackFile() {
  const folder = await tempFolder()
  const file = join(folder, 'stack.json')
  const data = {
    region: 'eu-west-1',
    bucket: 'lake',
    catalog_prefix: '',
    epoch: 0,
    mask_secret: 'arn:mask',
    functions: Object.fromEntries(keys.map((key) => [key, `tidemark-${key}`])),
  }
  const source = { region: 'eu-west-1', ...arns }
  await writeFile(file, JSON.stringify({ tidemark_data: data, tidemark_source: source }))
  for (const key of keys) await writeFile(join(folder, `${key}.zip`), packageOf(key))
  return { folder, file }
}

async function plan(...more: readonly string[]) {
  const { folder, file } = await stackFile()
  const lines: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text: string) => void lines.push(text),
  }
  process.exitCode = undefined
  const given = [
    '--stack',
    file,
    '--contracts',
    join(root, 'schemas'),
    '--generated',
    join(root, 'infra/generated'),
  ]
  await deployCommand({ output, sourceFromEnvironment: undefined }).parseAsync([
    ...['node', 'tidemark', 'plan', ...given],
    ...(more.includes('--packages') ? [] : ['--packages', folder]),
    ...more,
  ])
  return { code: process.exitCode, text: lines.join('\n'), file }
}

async function planned(...more: readonly string[]) {
  const { code, text, file } = await plan('--json', ...more)
  const { steps, dangers, unread } = JSON.parse(text)
  return { code, steps, dangers, unread, file, ids: steps.map(({ id }: { id: string }) => id) }
}

test('a stack that is what this checkout says needs no step', async () => {
  await applied(tables)
  deployed()
  expect(await planned()).toMatchObject({ code: 0, steps: [], dangers: [], unread: [] })
  expect((await plan()).text).toBe('Nothing to do: what is deployed is what is here.')
  expect(double.asked.filter((call) => !/\.(Describe|Get|List)/.test(call))).toEqual([])
})

test('a new table is in the catalog first, then in the functions, then in the task, and is loaded last', async () => {
  const [fresh = ''] = sources
  await applied(tables.filter(({ source }) => source.table !== fresh))
  deployed({ mapped: sources.slice(1), loaded: sources.slice(1) })
  double.functions.set('tidemark-format', { CodeSha256: 'older' })
  const { code, steps, dangers, ids, file } = await planned()
  expect([code, ids, dangers]).toEqual([1, ['catalog', 'functions', 'tasks'], []])
  expect(steps[1]).toMatchObject({
    lines: ['~ function tidemark-format'],
    commands: ['terraform -chdir=infra/stacks/data apply -var-file=data.tfvars'],
  })
  expect(steps[0].commands).toEqual(['npx tidemark catalog apply --region eu-west-1 --root s3://lake'])
  expect(steps[2]).toMatchObject({
    interrupts: true,
    lines: [`+ ${fresh} in the mappings of the CDC task`],
    commands: [`npx tidemark table add ${fresh} --stack ${file}`],
  })
  const { text } = await plan()
  expect(text).toMatch(/\n2\. Deploy the functions\n/)
  expect(text).toMatch(/3\. Capture 1 table more \(changes wait for a moment\)/)
})

test('settings that somebody changed by hand go with Terraform, and wait with the task', async () => {
  await applied(tables)
  deployed({ cdcSettings: { BeforeImageSettings: null }, loaded: sources.slice(1) })
  const { steps, ids, file } = await planned()
  expect(ids).toEqual(['tasks', 'loads'])
  expect(steps[0]).toMatchObject({
    interrupts: true,
    commands: ['terraform -chdir=infra/stacks/production apply -var-file=production.tfvars'],
    lines: [expect.stringMatching(/^~ CDC task: BeforeImageSettings null → \{/)],
  })
  expect(steps[1].commands).toEqual([`npx tidemark load start --tables ${sources[0]} --stack ${file}`])
})

test('what would lose something is a decision: a table that leaves, an epoch, a task that stands', async () => {
  await applied(tables)
  deployed({ mapped: [...sources, 'workforce.badges'], status: 'failed', epoch: '3' })
  const { code, dangers } = await planned()
  expect(code).toBe(1)
  expect(dangers.map(({ id, message }: { id: string; message: string }) => [id, message])).toEqual([
    ['table-leaves', 'workforce.badges leaves the mappings: its changes are captured no more'],
    ...keys.map((key) => ['epoch-changes', `tidemark-${key} has epoch 3, the outputs of the stack say 0`]),
    ['task-stands', 'the CDC task is failed'],
  ])
})

test('packages that are not built come first, and what may not be read is said', async () => {
  await applied(tables)
  deployed()
  double.denied.add('S3.ListObjectsV2')
  const { ids, unread, steps } = await planned('--packages', await tempFolder())
  expect(ids).toEqual(['packages', 'functions'])
  expect(steps[0].commands).toEqual(['npm run build:handlers'])
  expect(unread).toMatchObject([
    { id: 'deploy.loads', message: expect.stringMatching(/^not checked: needs s3:ListBucket/) },
  ])
})

test('packages of before the contracts are built again, though they are what is deployed', async () => {
  await applied(tables)
  deployed()
  const old = await tempFolder()
  for (const key of keys) {
    await writeFile(join(old, `${key}.zip`), packageOf(key))
    await utimes(join(old, `${key}.zip`), 1_000, 1_000)
  }
  const { ids, steps } = await planned('--packages', old)
  expect(ids).toEqual(['packages', 'functions'])
  expect(steps[0].lines).toContain('+ package of tidemark-land')
})

test('mappings that nobody here wrote are not compared, with the reason', async () => {
  await applied(tables)
  deployed()
  const rule = {
    'rule-type': 'selection',
    'rule-id': '9',
    'rule-action': 'include',
    'object-locator': { 'schema-name': 'workforce', 'table-name': '%' },
  }
  double.says.set('AmazonDMS.DescribeReplicationTasks', () => ({
    ReplicationTasks: [
      {
        Status: 'running',
        TableMappings: JSON.stringify({ rules: [rule] }),
        ReplicationTaskSettings: JSON.stringify(loadTaskSettings),
      },
    ],
  }))
  const { unread } = await planned()
  expect(unread).toMatchObject([
    { id: 'deploy.cdc-task', message: expect.stringMatching(/^not compared: rule 9 /) },
  ])
})

test('a contract that changed its key or a mask under its lock is no deployment, but a decision', async () => {
  deployed()
  using scratch = scratchContracts()
  scratch.lock()
  scratch.edit('sales/orders/v1.ts', "primaryKey: ['id']", "primaryKey: ['id', 'state']")
  scratch.edit('sales/orders/v1.ts', "in euros'", "in euros', { pii: 'free-text', treatment: 'drop' }")
  const { file, folder } = await stackFile()
  const env = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  const given = ['--stack', file, '--contracts', scratch.root, '--packages', folder]
  /* Contracts outside of the project are loaded by the program, not by the test's own modules. */
  const { code, stdout } = await tidemark(['deploy', 'plan', ...given, '--json'], env)
  const { dangers, steps } = JSON.parse(stdout)
  expect(code).toBe(1)
  expect(dangers.slice(0, 2)).toMatchObject([
    { id: 'contract-breaks', message: expect.stringContaining('sales.orders v1: ') },
    { id: 'contract-breaks', message: expect.stringContaining('sales.orders v1: ') },
  ])
  expect(steps.slice(0, 4).map(({ id }: { id: string }) => id)).toEqual([
    ...['contracts', 'packages', 'catalog', 'functions'],
  ])
  expect(steps[0].commands).toEqual(['npx tidemark contract lock', 'npx tidemark infra export'])
})

test('catalog plan finds its place in the outputs of a stack, or asks for it', async () => {
  await applied(tables.slice(1))
  const { file } = await stackFile()
  const at = (...place: readonly string[]) =>
    tidemark(['catalog', 'plan', '--contracts', join(root, 'schemas'), '--json', ...place])
  const found = await at('--stack', file)
  expect(found.code, found.stderr).toBe(1)
  const named = await at('--region', 'eu-west-1', '--root', 's3://lake')
  expect(named.stdout).toBe(found.stdout)
  expect(JSON.parse((await at()).stdout)).toMatchObject({
    error: { code: 'usage/invalid', message: expect.stringContaining('--stack data.json') },
  })
})
