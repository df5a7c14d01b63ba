import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { doctorCommand } from '../../../cli/commands/doctor.ts'
import { col } from '../../../core/contract/language/column.ts'
import { contractDigests } from '../../../core/contract/language/contract-digest.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { TablesAdded } from '../../../core/operations/answers.ts'
import { examineSource } from '../../../local/doctor/examine-source.ts'
import type { AddStep } from '../../../local/run/tables/add-tables.ts'
import { requestTableAdd } from '../../../local/run/tables/request-table-add.ts'
import { refusal, type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { whole } from '../../support/budget.ts'
import { AddingFixture, newTable } from './adding-fixture.ts'

let server: SourceServer
let lab: AddingFixture

beforeAll(async () => {
  server = await startSource()
  lab = await AddingFixture.open(server)
})
afterAll(async () => {
  await lab.close()
  await server.stop()
})

/* As `table add` where nothing runs. */
function note(name: string): Promise<TablesAdded> {
  return requestTableAdd({
    dir: lab.dir,
    names: [name],
    isLoaded: true,
    isDryRun: false,
    written: lab.written,
    source: lab.database.source,
    signal: AbortSignal.timeout(60_000),
    onProgress: () => undefined,
  })
}

/* `note` holds what nobody should read. */
const people: Table = {
  name: 'public.people',
  version: 1,
  owner: 'people@tidemark.example',
  description: 'People',
  source: { system: 'adding', table: 'public.people' },
  primaryKey: ['id'],
  partitionBy: {},
  unknownFields: 'keep',
  columns: {
    id: col.bigint('Number of the person'),
    note: col.string('What was said of the person', { pii: 'free-text' }),
  },
}

test('a contract that is written after an addition came to nothing is the one that counts', async () => {
  await lab.sql(newTable('people'))
  const writer = new pg.Client({ connectionString: lab.database.source.url })
  await writer.connect()
  await writer.query('BEGIN; UPDATE public.people SET n = -1 WHERE id = 5')
  const asker = new AbortController()
  const onStep = (step: AddStep) => (step === 'waiting' ? asker.abort() : undefined)
  expect((await refusal(lab.add(['public.people'], { onStep, signal: asker.signal }))).code).toBe(
    'source/table-busy',
  )
  await writer.query('COMMIT')
  await writer.end()
  lab.written = [people]
  const request = { tables: ['public.people'], isLoaded: true, isDryRun: false }
  const context = { signal: AbortSignal.timeout(60_000), onStep: () => undefined }
  await lab.run.addTables({ ...request, contracts: contractDigests([people]) }, context)
  expect(lab.run.tables.filter(({ name }) => name === 'public.people')).toEqual([people])
  expect(await lab.verdicts('public.people')).toEqual(['public.people'])
})

test('whose asker gives up before its turn came changes nothing', async () => {
  await lab.sql(newTable('early'))
  const before = await lab.noted()
  const asker = new AbortController()
  const onStep = (step: AddStep) => (step === 'registered' ? asker.abort() : undefined)
  await expect(lab.add(['public.early'], { onStep, signal: asker.signal })).rejects.toThrow('abort')
  expect(await lab.noted()).toEqual(before)
  const { rows } = await lab.sql(`select from pg_publication_tables where tablename = 'early'`)
  expect(rows).toEqual([])
})

test('G1 a table that a start left out is loaded again when it is followed again', async () => {
  await lab.sql(newTable('narrow'))
  await lab.reopen(['public.narrow'])
  await lab.reopen()
  await lab.sql('UPDATE public.narrow SET n = 99 WHERE id < 9; DELETE FROM public.narrow WHERE id = 12')
  /* So that the changes are behind the slot. */
  expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
  await lab.stop()
  expect(await note('public.narrow')).toMatchObject({ tables: [{ state: 'at-next-start' }] })
  await lab.start()
  expect(await lab.verdicts('public.narrow')).toEqual(['public.narrow'])
})

test('G1 a table that was taken out of the publication is loaded again by the start that puts it back', async () => {
  await lab.sql(
    'ALTER PUBLICATION adding DROP TABLE public.narrow; UPDATE public.narrow SET n = 77 WHERE id < 5',
  )
  expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
  await lab.reopen()
  expect(await lab.verdicts('public.narrow')).toEqual(['public.narrow'])
})

whole('G1 and so is one that a publication of some kinds of changes left in', async () => {
  await lab.sql(`ALTER PUBLICATION adding SET (publish = 'insert'); DELETE FROM public.narrow WHERE id = 3`)
  expect(await lab.verdicts('public.orders')).toEqual(['public.orders'])
  await lab.stop()
  const error = await refusal(lab.start())
  expect(error).toMatchObject({ code: 'source/publication', message: expect.stringContaining('ALTER') })
  await lab.stop()
  await lab.sql(`ALTER PUBLICATION adding SET (publish = 'insert, update, delete, truncate')`)
  await lab.start()
  expect(await lab.verdicts('public.narrow')).toEqual(['public.narrow'])
})

test('is not noted for the next start when its lake name is taken, which would end that start', async () => {
  await lab.sql('CREATE TABLE public."Orders" (id int PRIMARY KEY)')
  /* Of a table that the lake has by a written contract a doctor without the contracts cannot tell. */
  expect(await doctorText('--tables', 'public.*')).toContain('--contracts')
  await lab.stop()
  const before = await lab.noted()
  expect((await refusal(note('public.Orders'))).code).toBe('contract/invalid')
  expect(await lab.noted()).toEqual(before)
  await lab.start()
})

test('a folder of another database is refused by doctor, which judges no slot of it', async () => {
  const { source } = lab.database
  const expected = { system: '1', database: 'shop', address: 'db/shop' }
  const asked = { patterns: ['*.*'], slot: 'adding', publication: 'adding', known: true, expected }
  expect(await examineSource(source, { reader: 'tidemark', ...asked })).toMatchObject([
    { id: 'source.connection', code: 'run/bad-folder', message: expect.stringContaining('db/shop') },
  ])
})

async function doctorText(...more: readonly string[]): Promise<string> {
  onTestFinished(() => {
    process.exitCode = undefined
  })
  const lines: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    result: (text: string) => lines.push(text),
    progress: () => undefined,
  }
  const asked = ['--dir', lab.dir, '--source', lab.database.source.url, '--json', ...more]
  await doctorCommand({ output, sourceFromEnvironment: undefined }).parseAsync(['node', 'doctor', ...asked])
  return lines.join('')
}

whole('is looked at by doctor as by a start, whatever the patterns say', async () => {
  await lab.sql('ALTER TABLE public.narrow REPLICA IDENTITY NOTHING')
  expect(await doctorText('--tables', 'public.orders')).toContain('REPLICA IDENTITY DEFAULT')
  await lab.reopen()
  expect(lab.run.tables.map(({ source }) => source.table)).toEqual(['public.orders', 'public.people'])
  expect(lab.run.status().leftOut).toMatchObject([
    { table: 'public.narrow', code: 'source/replica-identity', message: expect.stringContaining('refuses') },
  ])
  await lab.sql('ALTER TABLE public.narrow REPLICA IDENTITY DEFAULT')
  await lab.reopen()
  expect(lab.run.status()).toMatchObject({ leftOut: [], tables: [{ source: 'public.narrow' }, {}, {}] })
  await lab.stop()
})

test('whose publication is gone is no more than a reload away, says doctor as well as the start', async () => {
  await lab.sql('DROP PUBLICATION adding')
  await lab.sql('UPDATE public.orders SET n = 0 WHERE id = 1')
  const found = await examineSource(lab.database.source, {
    reader: 'tidemark',
    patterns: ['public.orders'],
    slot: 'adding',
    publication: 'adding',
    known: true,
  })
  const reload = 'npx tidemark dev --reload'
  expect(found.find(({ id }) => id === 'source.publication')).toMatchObject({
    state: 'warn',
    fix: [{ text: reload }],
  })
  /* It may fail before everything is loaded, or after. */
  await lab.start().catch(() => undefined)
  const error = await refusal(lab.run.failed)
  expect(error).toMatchObject({ code: 'source/publication', message: expect.stringContaining(reload) })
})
