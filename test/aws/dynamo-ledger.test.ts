import { afterAll, describe, expect, test } from 'vitest'
import { ledgerItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { auditPages } from '../../core/audit/audit-pages.ts'
import { stackPlace } from '../../core/audit/audit-place.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { NamedBlock, PageRecord } from '../../core/ledger/ledger.ts'
import type { PageName } from '../../core/page.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { contract, headerOf, type LedgerUnderTest, ledgerContract, source } from '../ports/ledger.contract.ts'
import { spread } from '../support/budget.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { unprocessed } from './fake-partial-faults.ts'
import { every, faults } from './fault-proxy.ts'

const HOUR = 3_600_000
const stage = await dynamoFixture()
afterAll(() => stage.close())

ledgerContract('dynalite', async (pages) => underTest(await calmTable(), pages))

const plans = [
  ['throttling', every(3, faults.throttle)],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
  ['batches done in part', every(1, unprocessed())],
] as const

describe.each(spread(plans, 1))('%s', (name, plan) => {
  ledgerContract(`dynalite under ${name}`, async (pages) => {
    const table = await calmTable()
    stage.proxy.plan = plan
    return underTest(table, pages)
  })
})

async function calmTable(): Promise<DynamoTable> {
  stage.proxy.plan = () => undefined
  return stage.table()
}

function underTest(table: DynamoTable, pages: readonly PageName[], age = 0): LedgerUnderTest {
  const begin = Date.now()
  let passed = age
  const ledger = new ItemLedger({ table: ledgerItems(table), rawDays: 30, now: () => begin })
  const records = new LedgerReader(ledgerItems(table))
  const heads = pages
    .map((page) => ({ ...page, committedAt: begin }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const raw = {
    heads: async function* () {
      yield* heads
    },
  }
  const readers = [{ contract: printTableVersion(contract), source }]
  return {
    ledger,
    reopen: async () => underTest(table, pages, passed),
    overdue: async () => {
      passed = 2 * HOUR
    },
    balance: async () => {
      const time = { now: begin + passed, overdueMs: HOUR }
      const { balances } = await auditPages({ raw, records, readers }, { place: stackPlace(time) })
      const [sums] = balances
      if (sums === undefined) throw new Error('no balance')
      const { captured, landed, quarantined, inFlight, missing, redriven, balanced } = sums
      return { captured, landed, quarantined, inFlight, missing, redriven, balanced }
    },
    files: async (day) => (await records.files(day)).map(({ key }) => key),
  }
}

test('G9 a record of thousands of blocks is kept whole; one that an item cannot hold is ledger/too-large', async () => {
  const table = await calmTable()
  const ledger = new ItemLedger({ table: ledgerItems(table), rawDays: 30, now: () => 7 })
  const { key, ...page } = headerOf(1)
  const label = {
    contract,
    origin: 'page',
    page: key,
    changes: 1,
    rows: 1,
    digest: '0123456789abcdef',
  } as const
  const place = { first: page.firstPosition, last: page.lastPosition }
  const recordOf = (count: number): PageRecord => {
    const blocks = Array.from({ length: count }, (_, ordinal) => ({ ...label, ...place, ordinal }))
    return { ...page, page: key, shares: [{ contract, blocks, refused: 0, fresh: 0, filtered: 3 }] }
  }
  await ledger.formatted([recordOf(5_000)])
  const { at, shares = [] } = (await new LedgerReader(ledgerItems(table)).page(key))?.formatted ?? {}
  expect([at, shares]).toEqual([7, recordOf(5_000).shares])
  await expect(ledger.formatted([recordOf(20_000)])).rejects.toMatchObject({ code: 'ledger/too-large' })
})

test('writes one unit for the record of a page with a block, and one for the block, and both expire after the page', async () => {
  const table = await calmTable()
  const written: { readonly bytes: number; readonly expires: number }[] = []
  stage.proxy.plan = (exchange) => {
    const body: {
      RequestItems: Record<string, { PutRequest: { Item: Record<string, { S?: string; N?: string }> } }[]>
    } = JSON.parse(exchange.body.toString())
    for (const { PutRequest } of body.RequestItems[table.name] ?? []) {
      const parts = Object.entries(PutRequest.Item).flatMap(([name, { S = '', N = '' }]) => [name, S, N])
      written.push({ bytes: parts.join('').length, expires: Number(PutRequest.Item['expires']?.N) })
    }
    return undefined
  }
  const ledger = new ItemLedger({ table: ledgerItems(table), rawDays: 30, now: () => 0 })
  const { key, ...page } = headerOf(1)
  const block: NamedBlock = {
    contract,
    origin: 'page',
    page: key,
    ordinal: 0,
    changes: 3,
    rows: 3,
    digest: '0123456789abcdef',
    first: page.firstPosition,
    last: page.lastPosition,
  }
  const shares = [{ contract, blocks: [block], refused: 0, fresh: 0, filtered: 0 }]
  await ledger.formatted([{ ...page, page: key, shares }])
  await ledger.landed({ object: 'landing/changes/2026/01/02/03/o.ndjson.gz', blocks: [block], files: [] })
  expect(written).toHaveLength(3)
  for (const { bytes, expires } of written) {
    expect(bytes).toBeLessThan(1_024)
    expect(expires).toBe(60 * 86_400)
  }
})
