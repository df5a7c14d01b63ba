import { afterAll, describe } from 'vitest'
import { DynamoLedger } from '../../aws/dynamo/dynamo-ledger.ts'
import { DynamoLedgerReader } from '../../aws/dynamo/dynamo-ledger-reader.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { auditPages } from '../../core/audit-pages.ts'
import {
  contract,
  type LedgerUnderTest,
  ledgerContract,
  type PageHeader,
  source,
} from '../contract/ledger.contract.ts'
import { dynamoStage } from './dynamo-stage.ts'
import { every, faults } from './fault-proxy.ts'
import { unprocessed } from './partial-faults.ts'

const HOUR = 3_600_000
const stage = await dynamoStage()
afterAll(() => stage.close())

ledgerContract('dynalite', async (pages) => underTest(await calmTable(), pages))

describe.each([
  ['throttling', every(3, faults.throttle)],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
  ['batches done in part', every(1, unprocessed())],
])('%s', (name, plan) => {
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

function underTest(table: DynamoTable, pages: readonly PageHeader[], age = 0): LedgerUnderTest {
  const begin = Date.now()
  let passed = age
  const ledger = new DynamoLedger({ table, rawDays: 30, now: () => begin })
  const records = new DynamoLedgerReader(table)
  const heads = pages
    .map((page) => ({ ...page, committedAt: begin }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const raw = {
    heads: async function* () {
      yield* heads
    },
  }
  const objects = { objects: async function* () {} }
  const readers = [{ contract, source }]
  return {
    ledger,
    reopen: async () => underTest(table, pages, passed),
    overdue: async () => {
      passed = 2 * HOUR
    },
    balance: async () => {
      const time = { now: begin + passed, overdueMs: HOUR }
      const { balances } = await auditPages({ raw, records, objects, readers }, time)
      const [sums] = balances
      if (sums === undefined) throw new Error('no balance')
      const { captured, landed, quarantined, inFlight, missing, redriven, balanced } = sums
      return { captured, landed, quarantined, inFlight, missing, redriven, balanced }
    },
    files: async (day) => (await records.files(day)).map(({ key }) => key),
  }
}
