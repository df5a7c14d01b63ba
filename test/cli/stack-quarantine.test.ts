import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { quarantineItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import type { Block } from '../../core/block.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { redriveRequest } from '../../core/operations/stack-requests.ts'
import { encodePages, type RawChange } from '../../core/page.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { router } from '../../formatters/route.ts'
import { type RedriveEventDeps, redriveEvent } from '../../handlers/format/redrive-event.ts'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { type RedriveWaitingParts, redriveWaiting } from '../../stack/operations/stack-quarantine.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { dynamoFixture } from '../aws/dynamo-fixture.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { change, narrow, second, wide } from '../local/operations/things-fixture.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { inProcess } from '../support/tidemark.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())

const maskKey = new Uint8Array(32).fill(7)
const maxBlockBytes = 1_024_000
const source = 'public.things'
const changes = [
  change('insert', 1, { id: 1, n: 7 }),
  change('insert', 2, { id: 2, n: 40_000 }),
  change('insert', 3, { id: 3, n: 'many' }),
]

/* What a contract makes of changes: rows in blocks, and what it refuses. */
async function formattedBy(contracts: readonly Table[], given: readonly RawChange[]) {
  const [page] = await encodePages(source, { shard: 's', sequence: '1' }, given)
  if (page === undefined) throw new Error('no page')
  return formatPage(page, router(contracts, maskKey)(source), maxBlockBytes)
}

interface Stack {
  readonly parts: RedriveWaitingParts
  readonly quarantine: ItemQuarantine
  readonly table: DynamoTable
  readonly blocks: Block[]
  readonly published: string[]
  readonly asked: boolean[]
}

/* The function `format` with its contracts of today on a real quarantine, asked as the command line asks it. */
async function stackOf(
  contracts: readonly Table[],
  entries: readonly QuarantineEntry[],
  remainingMs = 120_000,
) {
  const table = await stage.table()
  const quarantine = new ItemQuarantine({ table: quarantineItems(table), retentionDays: 30, now: Date.now })
  await quarantine.put(entries)
  const blocks: Block[] = []
  const published: string[] = []
  const asked: boolean[] = []
  const lambda = new LambdaStage('format', { write: () => undefined, now: Date.now })
  const deps: RedriveEventDeps = {
    quarantine,
    delivery: { maxBlockBytes, put: async (given) => void blocks.push(...given) },
    ledger: { redriven: async () => undefined },
    route: async () => router(contracts, maskKey),
    stage: lambda,
  }
  const parts: RedriveWaitingParts = {
    ask: (request) => {
      asked.push(request.isDryRun)
      /* As it goes over the wire. */
      const { redrive } = redriveRequest.parse(JSON.parse(JSON.stringify({ redrive: request })))
      const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => remainingMs }
      return lambda.run(context, () => redriveEvent(redrive, deps))
    },
    publish: async (contract) => {
      published.push(contract)
      return 3
    },
  }
  const made: Stack = { parts, quarantine, table, blocks, published, asked }
  return made
}

async function waiting({ quarantine }: Stack): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of quarantine.list()) ids.push(id)
  return ids
}

describe('quarantine of a stack', () => {
  test('G1 G4: what passes the mended contract is delivered at its position with a new revision, the rest waits', async () => {
    const { refused } = await formattedBy([narrow], changes)
    expect(refused.length).toBe(2)
    const stack = await stackOf([wide], refused)
    const result = await redriveWaiting({}, false, stack.parts)
    expect(result).toMatchObject({ considered: 2, passed: 1, refused: 1, isInterrupted: false })
    expect(result.contracts).toEqual([{ contract: 'w.things v1', count: 1 }])
    expect(result.reasons[0]?.reason.code).toBe('format/bad-value')
    expect(stack.published).toEqual(['w.things v1'])
    const rows = stack.blocks.flatMap((block) => block.text.toString('utf8').trim().split('\n').slice(1))
    expect(rows.map((row) => JSON.parse(row).slice(1, 3))).toEqual([[changes[1]?.position, 3]])
    expect(await waiting(stack)).toEqual(
      refused.filter(({ position }) => position === changes[2]?.position).map(({ id }) => id),
    )
    /* Again: nothing passes, so nothing is shown to readers. */
    expect(await redriveWaiting({}, false, stack.parts)).toMatchObject({ passed: 0, refused: 1 })
    expect(stack.published.length).toBe(1)
  })

  test('a dry run and a filter change nothing else', async () => {
    const { refused } = await formattedBy([narrow], changes)
    const stack = await stackOf([wide], refused)
    expect(await redriveWaiting({}, true, stack.parts)).toMatchObject({ passed: 1, refused: 1 })
    expect(await redriveWaiting({ table: 'w.others' }, false, stack.parts)).toMatchObject({ considered: 0 })
    expect([stack.published, stack.blocks, (await waiting(stack)).length]).toEqual([[], [], 2])
  })

  test('changes that no contract read come in by each that reads them now', async () => {
    const { refused } = await formattedBy([], changes.slice(0, 2))
    const stack = await stackOf([wide, second], refused)
    expect(await redriveWaiting({}, false, stack.parts)).toMatchObject({ passed: 2, refused: 0 })
    expect(stack.published.toSorted()).toEqual(['w.things v1', 'w.things v2'])
    expect(await waiting(stack)).toEqual([])
  })

  test('a function that runs out of time is asked again while it gets on', async () => {
    const result = { considered: 2, passed: 2, refused: 0, reasons: [], isInterrupted: true }
    const left = [result, result, { ...result, passed: 1, isInterrupted: false }]
    const runs: number[] = []
    const parts: RedriveWaitingParts = {
      ask: async ({ isDryRun }) => {
        const [now] = isDryRun ? left : left.splice(0, 1)
        if (now === undefined) throw new Error('asked too often')
        if (!isDryRun) runs.push(now.passed)
        return { ...now, contracts: [{ contract: 'w.things v1', count: now.passed }] }
      },
      publish: async () => 1,
    }
    expect(await redriveWaiting({}, false, parts)).toMatchObject({ passed: 5, isInterrupted: false })
    expect(runs).toEqual([2, 2, 1])
  })

  test('without time nothing is begun, and a contract without a revision is not delivered', async () => {
    const { refused } = await formattedBy([narrow], changes)
    const late = await stackOf([wide], refused, 0)
    expect(await redriveWaiting({}, false, late.parts)).toMatchObject({ considered: 0, isInterrupted: true })
    const stack = await stackOf([wide], refused)
    const asked = stack.parts.ask({ isDryRun: false, revisions: {} })
    await expect(asked).rejects.toMatchObject({ code: 'usage/invalid' })
    expect([stack.blocks, (await waiting(stack)).length]).toEqual([[], 2])
  })

  test('the command lists what waits on a stack, and asks its function', async () => {
    const { refused } = await formattedBy([narrow], changes)
    const { table } = await stackOf([narrow], refused)
    const events: string[] = []
    const lambda = await faultProxy(async ({ body }) => {
      events.push(body.toString())
      return json({ considered: 2, passed: 0, contracts: [], refused: 2, reasons: [], isInterrupted: false })
    })
    const file = join(await tempFolder(), 'data.json')
    const value = {
      region: 'eu-west-1',
      bucket: 'lake',
      catalog_prefix: '',
      quarantine_table: table.name,
      ledger_table: table.name,
      functions: { format: 'a-format' },
    }
    await writeFile(file, JSON.stringify({ tidemark_data: { value } }))
    const environment = {
      AWS_ENDPOINT_URL_DYNAMODB: stage.proxy.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    }
    const run = (...args: string[]) =>
      inProcess(['quarantine', ...args, '--stack', file, '--json'], environment)
    try {
      const list = await run('list')
      expect(JSON.parse(list.stdout), list.stderr).toMatchObject([
        { contract: 'w.things v1', count: 1 },
        { contract: 'w.things v1', count: 1 },
      ])
      const redriven = await run('redrive', '--table', 'w.things')
      expect([redriven.code, JSON.parse(redriven.stdout).refused]).toEqual([1, 2])
      expect(events).toEqual(['{"redrive":{"table":"w.things","isDryRun":true,"revisions":{}}}'])
    } finally {
      await lambda.close()
    }
  })
})
