import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { AddingFixture } from './adding-fixture.ts'

let server: SourceServer
let lab: AddingFixture

const BOTH = ['public.one', 'public.two']
const table = (name: string, rows: number) => `
  create table ${name} (id int primary key, v text);
  insert into ${name} select i, '${name}' from generate_series(1, ${rows}) i;`
const SWAP = `begin; alter table one rename to aside; alter table two rename to one; alter table aside rename to two; commit;
  update one set v = v || '!' where id < 3; delete from two where id = 5; insert into one values (90 + (random() * 1e6)::int, 'new')`
/* Read as changes of the tables that have the names now. */
const AFTER = `update one set v = v || '?' where id < 3; update two set v = v || '?' where id < 3`

beforeAll(async () => {
  server = await startSource()
  lab = await AddingFixture.open(server)
  await lab.sql(table('one', 9) + table('two', 6))
  await lab.reopen(['public.*'])
})
afterAll(async () => {
  await lab.close()
  await server.stop()
})

/* Nobody has looked yet, or the load that the run itself asked for stands in the way. */
async function load(tables: readonly string[]): Promise<void> {
  try {
    await lab.run.loads.start({ tables })
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError)
    expect(error).toMatchObject({ code: 'load/busy' })
  }
}

test.each([
  ['before anybody has looked', false],
  ['behind a look', true],
])(
  'two tables that swapped their names and are loaded at once, %s, are equal in either order',
  async (_, isSeen) => {
    for (const order of [BOTH, BOTH.toReversed()]) {
      await lab.sql(SWAP)
      if (isSeen) await lab.run.look()
      await load(order)
      expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
      await lab.run.look()
      expect(await lab.verdicts(...BOTH)).toEqual(BOTH)
      const loads = lab.run.loads.loads().length
      await lab.sql(AFTER)
      expect(await lab.verdicts(...BOTH)).toEqual(BOTH)
      await lab.run.look()
      expect(lab.run.loads.loads()).toHaveLength(loads)
    }
  },
  180_000,
)

test('and by a reload of everything: swapped while it ran, while it did not, and back again', async () => {
  await lab.sql(SWAP)
  await lab.stop()
  await lab.start(['public.*'], { reload: true })
  expect(await lab.verdicts(...BOTH)).toEqual(BOTH)
  await lab.stop()
  await lab.sql(SWAP)
  await lab.start(['public.*'], { reload: true })
  await lab.sql(SWAP)
  await lab.run.look()
  expect(await lab.verdicts(...BOTH)).toEqual(BOTH)
}, 180_000)
