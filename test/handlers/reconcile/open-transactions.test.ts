import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { loadPosition } from '../../../core/position.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { formatDmsLsn, parseLsn } from '../../../engine/postgres/connection/lsn.ts'
import { connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import type { LambdaStage } from '../../../handlers/runtime/lambda-stage.ts'
import {
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
  walEnd,
} from '../../engine/postgres/source-server.ts'
import { openReconcileFixture, type ReconcileFixture } from '../../engine/reconcile/reconcile-fixture.ts'
import { whole } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { proveFixture } from './prove-fixture.ts'

const contract = (name: string) =>
  table({
    name: `shop.${name}`,
    version: 1,
    owner: 'tests',
    description: 'Rows of transactions that overlap',
    source: { system: 'tests', table: `public.${name}` },
    primaryKey: ['id'],
    unknownFields: 'drop',
    columns: { id: col.integer('Number of the row'), note: col.string('Note', { nullable: true }) },
  })

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  const names = ['anna', 'bert', 'carl']
  const tables = names.map(
    (name) => `create table ${name} (id int primary key, note text);
      insert into ${name} select i, 'old' from generate_series(1, 4) i;`,
  )
  database = await server.database(tables.join(''))
  lab = await openReconcileFixture(database, names.map(contract), 'open_transactions')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

type Operation = 'insert' | 'update' | 'delete' | 'load'

/** A record as DMS writes it, of a change whose position is `lsn`, and whose transaction began at `first`. */
function record(operation: Operation, name: string, data: object, lsn: bigint, first = lsn): StreamRecord {
  const at = new Date().toISOString().replace('Z', '000Z')
  const place = {
    'transaction-id': 7,
    'transaction-record-id': 1,
    'commit-timestamp': at,
    'stream-position': `${formatDmsLsn(first)}.2.${formatDmsLsn(lsn)}`,
  }
  const metadata = {
    timestamp: at,
    'record-type': 'data',
    operation,
    'partition-key-type': 'primary-key',
    'schema-name': 'public',
    'table-name': name,
    ...(operation === 'load' ? {} : place),
  }
  const before = operation === 'update' ? { 'before-image': {} } : {}
  const text = JSON.stringify({ data, ...before, metadata })
  return { sequence: `${lsn}`, partitionKey: name, data: Buffer.from(text) }
}

async function feed(records: readonly StreamRecord[], place?: bigint): Promise<void> {
  const { healing } = lab.deps()
  const position = place === undefined ? undefined : loadPosition(1, place)
  await healing?.capture(records, { epoch: 1, loadPositionOf: () => position })
  await healing?.landed()
}

const reached = async () => lab.run.pipeline.reach(await walEnd(database.client), AbortSignal.timeout(20_000))

async function begun(): Promise<{ readonly client: pg.Client; readonly xid: string }> {
  const client = await connectSource(database.source)
  await client.query('begin')
  const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid')
  return { client, xid: rows[0]?.xid ?? '' }
}

const ended = async ({ client }: { readonly client: pg.Client }) => {
  await client.query('commit')
  await client.end()
}

const isWaitedFor = (xid: string) =>
  until(async () => {
    const waiting = `select 1 from pg_locks where not granted and locktype = 'transactionid' and transactionid::text = $1`
    return (await database.client.query(waiting, [xid])).rows.length > 0
  })

/**
 * A proof whose position lies inside a transaction: the snapshot waits for two others, one after the other, and the
 * third begins meanwhile. `committed` is called when the position is fixed and the transaction is over.
 */
async function proveInside(
  name: string,
  statements: readonly string[],
  committed: (lsns: readonly bigint[], first: bigint) => Promise<void>,
) {
  const { run, deps } = proveFixture(lab, await tempFolder())
  const [one, straddling, lsns] = [await begun(), await connectSource(database.source), [] as bigint[]]
  let settled = 0
  const proof = run(
    { tables: [`shop.${name}`] },
    {
      sleep: async (milliseconds, signal) => {
        settled += 1
        if (settled === 1) {
          await straddling.query('commit')
          await reached()
          await committed(lsns, lsns[0] ?? 0n)
        }
        await deps.sleep(milliseconds, signal)
        await reached()
      },
    },
  )
  await isWaitedFor(one.xid)
  const two = await begun()
  await ended(one)
  try {
    await isWaitedFor(two.xid)
    await straddling.query('begin')
    for (const statement of statements) {
      await straddling.query(statement)
      const now = 'select pg_current_wal_insert_lsn()::text as lsn'
      const { rows } = await straddling.query<{ lsn: string }>(now)
      lsns.push(parseLsn(rows[0]?.lsn ?? ''))
    }
  } finally {
    await ended(two)
  }
  try {
    return await proof
  } finally {
    await straddling.end()
  }
}

const statements = (name: string) => [
  `update public.${name} set note = 'new' where id = 1`,
  `delete from public.${name} where id = 2`,
  `insert into public.${name} values (9, 'new')`,
]

test('G2 where a position is the commit’s, a proof inside a transaction needs one snapshot', async () => {
  const answer = await proveInside('anna', statements('anna'), async () => undefined)
  expect(answer).toMatchObject({ equal: true, tables: [{ equal: true, snapshots: 1, different: 0 }] })
})

test('G2 where a position is the change’s own, what lies astride a proof is looked at again in a new snapshot', async () => {
  const answer = await proveInside(
    'bert',
    statements('bert'),
    async ([one = 0n, two = 0n, three = 0n], first) =>
      feed([
        record('update', 'bert', { id: 1, note: 'new' }, one, first),
        record('delete', 'bert', { id: 2, note: null }, two, first),
        record('insert', 'bert', { id: 9, note: 'new' }, three, first),
      ]),
  )
  expect(answer).toMatchObject({
    equal: true,
    tables: [{ equal: true, snapshots: 2, different: 0, sourceRows: 4, lakeRows: 4 }],
  })
})

/** The position of the snapshot that is open now. */
async function compared(): Promise<bigint> {
  const { rows } = await database.client.query<{ lsn: string }>(
    `select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name like 'tidemark_load_%'
      order by confirmed_flush_lsn desc limit 1`,
  )
  return parseLsn(rows[0]?.lsn ?? '')
}

whole(
  'G2 a key that differs in each snapshot is called different, and the answer says in how many',
  async () => {
    const { run, deps } = proveFixture(lab, await tempFolder())
    let settled = 0
    const event = { tables: ['shop.carl'] }
    const sleep = async (milliseconds: number, signal: AbortSignal) => {
      settled += 1
      await feed([record('update', 'carl', { id: 1, note: `wrong ${settled}` }, (await compared()) - 1n)])
      await deps.sleep(milliseconds, signal)
    }
    expect(await run(event, { sleep, waitMs: 0 })).toMatchObject({
      equal: false,
      tables: [{ equal: false, different: 1, snapshots: 3 }],
    })
    expect(settled).toBe(3)
    /* Without time for another snapshot the first one has to do. */
    const stage: LambdaStage = Object.create(deps.stage, { remainingMs: { value: 100_000 } })
    expect(await run(event, { sleep, waitMs: 0, stage })).toMatchObject({
      tables: [{ different: 1, snapshots: 1 }],
    })
    await database.client.query(`update carl set note = 'mended' where id = 1`)
    await reached()
  },
)

whole('G2 a difference of long ago is not looked at in another snapshot', async () => {
  const undo = await lab.tamper('shop.carl', '* from history where id <> 3')
  const { run } = proveFixture(lab, await tempFolder())
  expect(await run({ tables: ['shop.carl'] }, { waitMs: 0 })).toMatchObject({
    tables: [{ different: 1, snapshots: 1, healed: null, outranked: 0 }],
  })
  await undo()
})

/** A load that began before the table’s newest change was committed, and ranks above it. */
async function loadAbove(name: string, since: string | undefined): Promise<void> {
  const lsn = (await walEnd(database.client)) + 1n
  const rows = [1, 2, 3, 4].map((id) => record('load', name, { id, note: 'old' }, lsn))
  await database.client.query(`select pg_logical_emit_message(false, 'test', 'the log goes on')`)
  await feed(rows, lsn)
  await lab.run.pipeline.catalog.addFloor(`public.${name}`, {
    position: loadPosition(1, lsn),
    reason: 'load',
    since,
  })
}

test('G2 a change that a load outranks, for its transaction was open when it began, is named and read again', async () => {
  const since = new Date().toISOString()
  await database.client.query(`
    delete from anna; insert into anna select i, 'old' from generate_series(1, 4) i;
    update anna set note = 'later' where id = 1; delete from anna where id = 2`)
  await reached()
  await loadAbove('anna', since)
  const { run, lines } = proveFixture(lab, await tempFolder())
  const answer = await run({ tables: ['shop.anna'] }, { waitMs: 0 })
  expect(answer).toMatchObject({
    equal: true,
    tables: [{ equal: true, outranked: 2, healed: { healed: 2, stillDifferent: 0 } }],
  })
  expect(lines.find(({ event }) => event === 'reconcile.equal')).toMatchObject({ outranked: 2, healed: 2 })
  expect(await run({ tables: ['shop.anna'] })).toMatchObject({
    tables: [{ equal: true, outranked: 0, healed: null }],
  })
})

test('what a load whose begin is known does not explain is not healed unasked', async () => {
  await database.client.query(`update bert set note = 'later' where id = 1`)
  await reached()
  await loadAbove('bert', undefined)
  const { run } = proveFixture(lab, await tempFolder())
  const answer = await run({ tables: ['shop.bert'] }, { waitMs: 0 })
  expect(answer).toMatchObject({ equal: false, tables: [{ outranked: 0, healed: null }] })
})
