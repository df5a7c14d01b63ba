import { join } from 'node:path'
import { expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { TableLoad } from '../../../core/load/load.ts'
import { loadPosition } from '../../../core/position.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { ItemDocuments } from '../../../local/documents/item-documents.ts'
import { keysBySource } from '../../../local/run/tables/watch-source.ts'
import { SqliteFile, type SqliteTable } from '../../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../../local/sqlite/sqlite-items.ts'
import { FolderCatalog } from '../../../local/state/folder-catalog.ts'
import { RunState } from '../../../local/state/run-state.ts'
import { LoadDocuments } from '../../../state/documents/load-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const POSITION = loadPosition(1, 16n)
/* An index has one digit more among more tables. */
const DIGITS = 8

function nameOf(number: number): `w.t${string}` {
  return `w.t${String(number).padStart(4, '0')}`
}

function contractOf(name: `w.t${string}`): Table {
  return table({
    name,
    version: 1,
    owner: 'a@example.com',
    description: 'One of many',
    source: { system: 's', table: name },
    primaryKey: ['id'],
    partitionBy: {},
    unknownFields: 'keep',
    columns: { id: col.bigint('Key') },
  })
}

function tableLoad(number: number): TableLoad {
  return {
    table: nameOf(number),
    state: 'started',
    oid: number,
    position: null,
    estimatedRows: null,
    rows: 0,
    bytes: 0,
    isRead: false,
    files: [],
    failure: null,
    startedAt: null,
    endedAt: null,
  }
}

/* Bytes that the load of one of so many tables gives to the state file. */
async function writtenBy(count: number) {
  const folder = await tempFolder()
  const numbers = Array.from({ length: count }, (_, index) => index)
  const file = await SqliteFile.open(join(folder, 'state.db'))
  let given = 0
  const counted = (table: SqliteTable) => {
    const items = new SqliteItems(file, table, { unavailable: 'ledger/unavailable', damaged: 'run/damaged' })
    const write = items.write.bind(items)
    items.write = (writes) => {
      given += JSON.stringify(writes).length
      return write(writes)
    }
    return items
  }
  const catalog = new FolderCatalog(counted('catalog'))
  const documents = new ItemDocuments(counted('documents'))
  const ledger = new LoadDocuments(documents)
  const source = { name: 's', system: '1', database: 'd', address: 'a', isEmbedded: false }
  const waiting = { state: 'waiting', oid: 1, rows: null, position: null } as const
  const state = new RunState(documents, {
    source,
    slot: 's',
    publication: 'p',
    slotState: 'created',
    epoch: 1,
    added: [],
    loads: Object.fromEntries(numbers.map((number) => [nameOf(number), waiting])),
  })
  const load = {
    id: 'l',
    startedAt: '2026-01-01T00:00:00.000Z',
    window: null,
    tables: numbers.map(tableLoad),
  }
  const step = async (number: number) => {
    const name = nameOf(number)
    const tables = load.tables.map((one) =>
      one.table === name ? { ...one, state: 'loading' as const, position: POSITION } : one,
    )
    await ledger.save({ ...load, tables })
    await catalog.registerPartition(name, 1, '2026-01-01')
    await catalog.addFloor(name, { position: POSITION, reason: 'load' })
    await state.setLoad(name, { ...waiting, state: 'complete' })
  }
  try {
    await ledger.save(load)
    await catalog.registerTables(numbers.map((number) => catalogTable(contractOf(nameOf(number)))))
    /* The first put of a document gives all of it. */
    await step(0)
    await ledger.save(load)
    given = 0
    await step(1)
    return given
  } finally {
    await file.close()
  }
}

test('the load of a table writes as many bytes of state among twice as many tables', async () => {
  const [some, more] = [await writtenBy(40), await writtenBy(80)]
  expect(some).toBeGreaterThan(0)
  expect(more - some).toBeLessThanOrEqual(DIGITS)
})

test('a look at the source goes through the contracts once, however many tables it compares', () => {
  const readsOf = (count: number) => {
    let reads = 0
    const contracts = Array.from({ length: count }, (_, number) => {
      const contract = contractOf(nameOf(number))
      return Object.defineProperty({ ...contract }, 'source', {
        get: () => {
          reads += 1
          return contract.source
        },
      })
    })
    const keysOf = keysBySource(contracts)
    for (let number = 0; number < count; number += 1) expect(keysOf(nameOf(number))).toEqual([['id']])
    return reads
  }
  expect(readsOf(20)).toBe(2 * readsOf(10))
})
