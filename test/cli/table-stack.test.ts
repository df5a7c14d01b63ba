import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { terraformJson } from '../../aws/dms/mapped-tables.ts'
import { cdcMappings } from '../../aws/dms/table-mappings.ts'
import { tableInput } from '../../aws/glue/table-input.ts'
import { addOnStack, type TableStackOptions } from '../../cli/commands/stack/table-stack.ts'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Load, LoadState } from '../../core/load/load.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import { tables } from '../../schemas/index.ts'
import { releasedTables } from '../../stack/tables/released-tables.ts'
import { FakeDms } from '../aws/fake-dms.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { type FaultProxy, faultProxy } from '../aws/fault-proxy.ts'
import { inProcess, lastJson } from '../support/tidemark.ts'
import { scratchContracts } from './scratch-contracts.ts'

const mappingsOf = (...names: readonly string[]) => terraformJson(JSON.parse(cdcMappings(names)))
const ALL = [...new Set(tables.map(({ source }) => source.table))]
const NEW = 'workforce.shops'
const OLD = ALL.filter((name) => name !== NEW)
const contracts = tables.filter(({ source }) => source.table === NEW)
const released = { system: 'workforce-postgres', sources: [NEW], contracts, mappings: mappingsOf(...ALL) }

let dms = new FakeDms()
let known: Readonly<Record<string, string>> = {}
let loads: Load[] = []
let inGlue: readonly unknown[] = []
const asked: unknown[] = []
const printed: string[] = []
let closing: readonly FaultProxy[] = []
let folder: string
let stack: string
let environment: Readonly<Record<string, string>>

beforeAll(async () => {
  const [ofDms, lambda, glue] = [
    await faultProxy(async (exchange) => dms.answer(exchange)),
    await faultProxy(async ({ body }) => {
      const event = JSON.parse(body.toString())
      asked.push(event)
      if ('contracts' in event) return json({ contracts: known })
      if (!('start' in event)) return json({ loads, plan: null })
      const load = newLoad({ id: `load-${loads.length}`, tables: event.start.tables, window: null }, [], 0)
      loads.push(load)
      return json({ loads: [load], plan: null })
    }),
    await faultProxy(async () => json({ TableList: inGlue })),
  ]
  closing = [ofDms, lambda, glue]
  environment = {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_ENDPOINT_URL_GLUE: glue.endpoint,
    AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE: ofDms.endpoint,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  folder = await mkdtemp(join(tmpdir(), 'tidemark-stack-'))
  stack = join(folder, 'stack.json')
  const functions = { format: 'f', land: 'l', land_load: 'll', loads: 'ls' }
  await writeFile(
    stack,
    JSON.stringify({
      tidemark_data: {
        value: { region: 'eu-west-1', catalog_prefix: '', systems: ['workforce-postgres'], functions },
      },
      tidemark_source: { value: { region: 'eu-west-1', cdc_task_arn: 'arn:cdc', slot_name: 'tidemark' } },
    }),
  )
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const proxy of closing) await proxy.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  dms = new FakeDms({ migrationType: 'cdc', hasRun: true, status: 'running', mappings: mappingsOf(...OLD) })
  known = contractDigests(contracts)
  loads = []
  inGlue = contracts.map((table) =>
    tableInput('', 's3://lake', { table: catalogTable(table), floors: [], revisions: [0], base: null }),
  )
  asked.length = 0
  printed.length = 0
})

function add(options: Partial<TableStackOptions> = {}, sources = released) {
  const output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text: string) => void printed.push(text),
  }
  return addOnStack(
    ['workforce.shops'],
    { stack, generated: 'unused', load: true, json: true, ...options },
    output,
    { pollMs: 1, settleMs: 5_000, showMs: 2_000, released: async () => sources },
  )
}

const answer = () => JSON.parse(printed.at(-1) ?? '')
const started = () => asked.filter((event) => typeof event === 'object' && event !== null && 'start' in event)
const told = () => [dms.status, ...dms.told]
const loadOf = (state: LoadState): Load => {
  const load = newLoad({ id: 'before', tables: [NEW], window: null }, [], 0)
  return { ...load, tables: load.tables.map((table) => ({ ...table, state })) }
}

describe('a table that is added to a stack', () => {
  test('is captured by stop, change and resume, then loaded; the second time nothing is done', async () => {
    await add()
    expect(told()).toEqual(['running', 'StopReplicationTask', 'ModifyReplicationTask', 'resume-processing'])
    expect(dms.mappings).toBe(released.mappings)
    expect(answer()).toMatchObject({
      tables: [{ table: NEW, contracts: ['workforce.shops v1'], state: 'added' }],
      interruption: { milliseconds: expect.any(Number) },
      load: 'load-0',
    })
    expect(started()).toEqual([{ start: { tables: [NEW], window: null } }])
    await add()
    expect(answer()).toMatchObject({
      tables: [{ state: 'already' }],
      interruption: null,
      load: null,
      calls: [],
    })
    expect([dms.told.length, started().length]).toEqual([3, 1])
  })

  test('that a command before was cut off from loading is loaded; one without a load is not', async () => {
    await add({ load: false })
    expect([answer().load, started()]).toEqual([null, []])
    await add()
    expect([answer().tables[0].state, started().length, dms.told.length]).toEqual(['already', 1, 3])
  })

  test('whose load goes on already is not loaded twice', async () => {
    dms.mappings = released.mappings
    loads = [loadOf('loading')]
    await add()
    expect([dms.told, started(), answer().load]).toEqual([[], [], null])
  })

  test('G1 that was taken out once and comes back is loaded again', async () => {
    loads = [loadOf('complete')]
    await add()
    expect(started()).toHaveLength(1)
  })

  test('a dry run says what DMS would be told, and tells it nothing', async () => {
    await add({ dryRun: true, json: false })
    expect(printed[0]).toContain('would be captured')
    expect(printed[0]).toContain('StartReplicationTask arn:cdc resume-processing')
    expect([dms.told, started()]).toEqual([[], []])
  })
})

describe('nothing is changed when', () => {
  const refused = async (code: string, message: string, sources = released) => {
    await expect(add({}, sources)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect([dms.told, started()]).toEqual([[], []])
  }

  test('a function has no such contract, or another one', async () => {
    known = {}
    await refused('table/not-deployed', 'function format has no workforce.shops v1')
    known = { 'workforce.shops v1': 'other' }
    await refused('table/not-deployed', 'function format has another workforce.shops v1')
  })

  test('the catalog has no such table, or the data stack no such system', async () => {
    inGlue = []
    await refused('table/not-deployed', 'tidemark catalog apply')
    await refused('table/not-deployed', 'does not read crm', { ...released, system: 'crm' })
  })

  test('the mappings gain a table that nobody named', async () => {
    await refused('usage/invalid', 'name all of them', {
      ...released,
      mappings: mappingsOf(...ALL, 'workforce.more'),
    })
  })

  test('a load reads the table already', async () => {
    loads = [loadOf('loading')]
    await refused('load/busy', 'not captured yet')
  })

  test('the task has failed', async () => {
    dms.status = 'failed'
    await refused('dms/refused', 'failed')
  })
})

test('a contract that is not locked or not exported is refused; the command as it is typed plans', async () => {
  const found = (names: readonly string[], generated = 'infra/generated') =>
    releasedTables(names, { contracts: 'schemas', generated })
  await expect(found(['workforce.shops'], folder)).rejects.toMatchObject({
    code: 'table/not-released',
    message: expect.stringContaining('is not what the contracts say'),
  })
  using scratch = scratchContracts()
  const unlocked = await scratch.run('table', 'add', 'sales.orders', '--stack', stack, '--json')
  expect(JSON.parse(unlocked.out)).toMatchObject({
    error: { code: 'table/not-released', message: 'sales.orders v1 is not as it is locked' },
  })
  await expect(found(['workforce.gone'])).rejects.toMatchObject({ code: 'usage/invalid' })
  expect(await found(['workforce.shops'])).toMatchObject({ ...released, mappings: expect.any(String) })
  const typed = ['table', 'add', 'workforce.shops', '--stack', stack, '--json', '--dry-run']
  expect(lastJson(await inProcess(typed, environment))).toMatchObject({
    isDryRun: true,
    tables: [{ table: NEW, state: 'planned' }],
    calls: [
      'StopReplicationTask arn:cdc',
      expect.stringContaining('ModifyReplicationTask'),
      'StartReplicationTask arn:cdc resume-processing',
    ],
  })
})
