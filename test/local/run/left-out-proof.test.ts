import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine } from '../../../cli/main.ts'
import { type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
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

/* `reconcile` as it is typed; what it printed for programs, and its exit code. */
async function reconcile(...words: readonly string[]) {
  const printed: string[] = []
  const output = {
    isTerminal: false,
    columns: 200,
    progress: () => undefined,
    result: (text: string) => void printed.push(text),
  }
  const make = await commandLine({ output, sourceFromEnvironment: lab.database.source.url })
  const before = process.exitCode
  try {
    await make().parseAsync(['node', 'tidemark', 'reconcile', '--dir', lab.dir, ...words])
    return { printed: printed.join('\n'), code: process.exitCode }
  } finally {
    process.exitCode = before
  }
}

test('a table of the lake that a start must leave out is not passed over by a proof', async () => {
  await lab.sql(newTable('open_one'))
  await lab.sql(newTable('shut_one'))
  await lab.reopen(['public.*'])
  await lab.run.loaded(AbortSignal.timeout(60_000))
  await lab.stop()
  await lab.sql('ALTER TABLE public.shut_one REPLICA IDENTITY NOTHING')

  const first = await reconcile('--json')
  const proof = JSON.parse(first.printed)
  expect(first.code).toBe(2)
  expect(proof.equal).toBe(false)
  expect(proof.failed).toEqual([expect.objectContaining({ table: 'public.shut_one' })])
  expect(proof.tables.map(({ table }: { table: string }) => table)).toContain('public.open_one')

  /* The start forgot its load and, out of the publication, it is nobody's refusal; the lake still has it. */
  await lab.sql('ALTER PUBLICATION adding DROP TABLE public.shut_one')
  const second = await reconcile('--json')
  expect(JSON.parse(second.printed).notFollowed).toEqual(['public.shut_one'])
  expect((await reconcile()).printed).toMatch(/not compared public\.shut_one: the lake has it/)
}, 120_000)
