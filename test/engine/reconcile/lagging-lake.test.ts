import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import type { HealingWay } from '../../../engine/reconcile/compare/heal.ts'
import { BackOffWindow, type RetryWindow } from '../../../engine/reconcile/compare/retry-window.ts'
import { reconcile } from '../../../engine/reconcile/reconcile.ts'
import type { ReadableLake } from '../../../lake/readable-lake.ts'
import { whole } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { type SourceDatabase, type SourceServer, startSource, walEnd } from '../postgres/source-server.ts'
import { keys, openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

const items = table({
  name: 'shop.items',
  version: 1,
  owner: 'tests',
  description: 'Items, whose names are masked',
  source: { system: 'tests', table: 'public.items' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  columns: {
    id: col.integer('Number of the item'),
    name: col.string('Name', { pii: 'email', nullable: true }),
  },
})

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(
    `create table items (id int primary key, name text);
     insert into items select i, 'n' || i from generate_series(1, 40) i`,
  )
  lab = await openReconcileFixture(database, [items], 'lagging')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

/** A lake that shows its present state for so many looks, whatever lands, and what there is from then on. */
async function lagging(looks: number): Promise<ReadableLake> {
  const { lake } = lab.deps()
  const { entry } = await lake.open(items, '')
  const root = await tempFolder()
  await cp(join(lab.dir, 'lake'), join(root, 'lake'), { recursive: true })
  let left = looks
  return {
    open: (named, asOf) => {
      left -= 1
      return left < 0 ? lake.open(named, asOf) : Promise.resolve({ entry, root })
    },
  }
}

/** Patience for so many more looks, without waiting. */
function looks(number: number): { readonly retryWindow: () => RetryWindow; readonly taken: () => number } {
  let taken = 0
  const again = async () => {
    taken += 1
    return taken <= number
  }
  return { retryWindow: () => ({ again, waitedMs: 7 }), taken: () => Math.min(taken, number) }
}

async function change(sql: string): Promise<void> {
  await database.client.query(sql)
  await lab.run.pipeline.reach(await walEnd(database.client), AbortSignal.timeout(60_000))
}

test('G2 a lake that lags is equal once what was on its way has landed, rows and all', async () => {
  const lake = await lagging(3)
  await change(`insert into items values (41, 'new'); update items set name = 'other' where id = 1;
    delete from items where id = 2`)
  const { retryWindow, taken } = looks(9)
  const { equal, tables } = await reconcile({ ...lab.deps(), lake, retryWindow })
  expect(tables).toMatchObject([{ equal, sourceRows: 40, lakeRows: 40, different: 0, waitedMs: 7 }])
  expect({ equal, taken: taken() }).toEqual({ equal: true, taken: 3 })
})

whole('G2 what still differs when patience is at its end is named, with its columns', async () => {
  const lake = await lagging(99)
  await change(`update items set name = 'third' where id = 3`)
  const { retryWindow, taken } = looks(2)
  const [proof] = (await reconcile({ ...lab.deps(), lake, retryWindow })).tables
  expect(proof).toMatchObject({ equal: false, different: 1, differences: [{ key: keys(3)[0] }] })
  expect(proof?.rows).toEqual([
    { key: keys(3)[0], columns: [{ column: 'name', source: '***', lake: '***' }] },
  ])
  expect(taken()).toBe(2)
})

test('G2 a lake without gaps is looked at once', async () => {
  const { retryWindow, taken } = looks(9)
  expect((await reconcile({ ...lab.deps(), retryWindow })).equal).toBe(true)
  expect(taken()).toBe(0)
})

test('G2 healed rows that land late are looked at again', async () => {
  const undo = await lab.tamper('shop.items', `* from history where id <> 5`)
  const { healing, ...deps } = lab.deps({ heal: true })
  const { retryWindow, taken } = looks(9)
  const slow = await lagging(4)
  const way: HealingWay = { ...required(healing), retryWindow }
  const [proof] = (await reconcile({ ...deps, lake: slow, healing: way })).tables
  expect(proof).toMatchObject({ equal: true, different: 0, healed: { healed: 1, stillDifferent: 0 } })
  expect(taken()).toBe(3)
  await undo()
})

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing')
  return value
}

test('looks are bounded in time, the last is at its end, and waits grow up to a cap', async () => {
  const number = fc.integer({ min: 1, max: 5_000 })
  await fc.assert(
    fc.asyncProperty(number, number, number, async (firstMs, capMs, allowed) => {
      let now = 1_000
      const waits: number[] = []
      const sleep = async (milliseconds: number) => {
        waits.push(milliseconds)
        now += milliseconds
      }
      const until = now + allowed
      const window = new BackOffWindow({ now: () => now, sleep, since: 400, until, firstMs, capMs })
      while (await window.again()) expect(now).toBeLessThanOrEqual(until)
      expect(now).toBe(until)
      expect(window.waitedMs).toBe(until - 400)
      expect(Math.max(...waits)).toBeLessThanOrEqual(Math.max(capMs, 1))
      expect(waits.slice(0, -1)).toEqual(waits.slice(0, -1).toSorted((one, two) => one - two))
      expect(await window.again()).toBe(false)
    }),
  )
})
