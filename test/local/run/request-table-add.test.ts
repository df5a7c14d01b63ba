import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Column, col } from '../../../core/contract/column.ts'
import type { Table } from '../../../core/contract/table.ts'
import type { Source } from '../../../local/replicator/source-connection.ts'
import { requestTableAdd } from '../../../local/run/request-table-add.ts'
import { refusal, type SourceServer, startSource } from '../replicator/source-server.ts'
import { AddingLab, EQUAL, ITEMS } from './adding-lab.ts'

let server: SourceServer
let lab: AddingLab

beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())
beforeEach(async () => {
  lab = await AddingLab.open(server)
})
afterEach(() => lab.close())

function contract(columns: Readonly<Record<string, Column>>): Table {
  return {
    ...{ name: 'shop.things', version: 1, owner: 'shop@tidemark.example', description: 'Things of the shop' },
    ...{ source: { system: 'adding', table: 'public.items' }, primaryKey: ['id'], partitionBy: {} },
    ...{ unknownFields: 'keep' as const, columns },
  }
}

describe('asked from another process', () => {
  const request = (source?: Source, names: readonly string[] = ['public.items']) =>
    requestTableAdd({
      ...{ dir: lab.dir, names, isLoaded: true, isDryRun: false, written: lab.written, source },
      signal: AbortSignal.timeout(20_000),
      onProgress: () => undefined,
    })

  test('the one that runs does it', async () => {
    await lab.sql(ITEMS)
    expect(await request()).toMatchObject({ tables: [{ state: 'added' }], load: expect.any(String) })
    expect(await lab.verdicts()).toEqual(EQUAL)
  })

  test('by the name of a contract that was written meanwhile', async () => {
    await lab.sql(ITEMS)
    const id = col.bigint('Number given by the shop')
    const note = col.string('What a person said', {
      nullable: true,
      pii: 'free-text',
      treatment: 'drop',
    })
    lab.written = [contract({ id, note })]
    expect(await request(undefined, ['shop.things'])).toMatchObject({
      tables: [{ table: 'public.items', contracts: ['shop.things v1'], isInferred: false, state: 'added' }],
    })
    await lab.sql(`UPDATE public.items SET note = 'secret' WHERE id = 4`)
    expect(await lab.verdicts()).toEqual({ 'public.orders': true, 'shop.things': true })
  })

  test('a contract that is another one in the process that runs is refused', async () => {
    await lab.sql(ITEMS)
    const mine = [contract({ id: col.bigint('Number given by the shop') })]
    lab.written = [contract({ id: col.integer('Number given by the shop') })]
    const asked = requestTableAdd({
      ...{
        dir: lab.dir,
        names: ['shop.things'],
        isLoaded: true,
        isDryRun: false,
        written: mine,
        source: undefined,
      },
      signal: AbortSignal.timeout(20_000),
      onProgress: () => undefined,
    })
    expect((await refusal(asked)).code).toBe('run/contract-changed')
    expect((await lab.noted()).added).toEqual([])
  })

  test('where none runs the table is checked and noted, and the next start captures it', async () => {
    await lab.stop()
    expect((await refusal(request())).code).toBe('run/not-running')
    expect((await refusal(request(lab.database.source))).code).toBe('source/no-tables')
    await lab.sql(ITEMS)
    expect(await request(lab.database.source)).toMatchObject({
      tables: [{ state: 'at-next-start' }],
      load: null,
    })
    await lab.start()
    expect(await lab.verdicts()).toEqual(EQUAL)
  })
})
