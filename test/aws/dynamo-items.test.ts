import { afterAll, describe } from 'vitest'
import { itemOfImage } from '../../aws/dynamo/attribute-values.ts'
import { DynamoItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { type ItemTableUnderTest, itemTableContract } from '../ports/item-table.contract.ts'
import { spread } from '../support/budget.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { unprocessed } from './fake-partial-faults.ts'
import { every, faults } from './fault-proxy.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())

function underTest(table: DynamoTable): ItemTableUnderTest {
  return {
    table: new DynamoItems(table, { code: 'ledger/unavailable', what: 'items' }),
    /* The stream's images are what the service would push. */
    fed: async () => stage.images(table).map(itemOfImage),
    reopen: async () => underTest(table),
  }
}

async function calmTable(): Promise<DynamoTable> {
  stage.proxy.plan = () => undefined
  return stage.table()
}

itemTableContract('dynalite', async () => underTest(await calmTable()), 25)

const plans = [
  ['throttling', every(3, faults.throttle)],
  ['batches done in part', every(1, unprocessed())],
] as const

describe.each(spread(plans, 1))('%s', (name, plan) => {
  itemTableContract(
    `dynalite under ${name}`,
    async () => {
      const table = await calmTable()
      stage.proxy.plan = plan
      return underTest(table)
    },
    3,
  )
})
