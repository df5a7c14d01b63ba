import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { doctorCommand } from '../../../cli/commands/doctor.ts'
import { refusal, type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { AddingFixture } from './adding-fixture.ts'

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

async function doctorFinds(): Promise<readonly unknown[]> {
  onTestFinished(() => {
    process.exitCode = undefined
  })
  const lines: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text: string) => lines.push(text),
  }
  const asked = ['--dir', lab.dir, '--source', lab.database.source.url, '--json']
  await doctorCommand({ output, sourceFromEnvironment: undefined }).parseAsync(['node', 'doctor', ...asked])
  return [...lines.join('').matchAll(/"source\/[a-z-]+"/g)].map(([code]) => code)
}

test('a slot that only the run has moved is read on, whatever the source has written since', async () => {
  await lab.sql(
    `UPDATE public.orders SET n = 1 WHERE id = 1; SELECT pg_logical_emit_message(true, 'test', '')`,
  )
  await lab.verdicts()
  expect(await doctorFinds()).toEqual([])
  await lab.stop()
  await lab.sql('UPDATE public.orders SET n = 2 WHERE id = 1')
  await lab.start()
  expect(await lab.verdicts()).toEqual(['public.orders'])
})

test('a folder of before its slot was read on is refused, and so is one whose slot was moved', async () => {
  const noted = join(lab.dir, 'acknowledged.json')
  await lab.stop()
  await copyFile(noted, `${noted}.before`)
  await lab.start()
  await lab.sql('UPDATE public.orders SET n = 3 WHERE id = 1')
  await lab.verdicts()
  await lab.stop()
  await copyFile(noted, `${noted}.after`)
  await copyFile(`${noted}.before`, noted)
  expect((await refusal(lab.start())).code).toBe('source/slot-ahead')
  await copyFile(`${noted}.after`, noted)
  await lab.start()
  await lab.stop()
  await lab.sql('UPDATE public.orders SET n = 4 WHERE id = 1')
  await lab.sql(`SELECT pg_replication_slot_advance('adding', pg_current_wal_lsn())`)
  expect(await doctorFinds()).toEqual(['"source/slot-ahead"'])
  const error = await refusal(lab.start())
  expect(error).toMatchObject({ code: 'source/slot-ahead', message: expect.stringContaining('--reload') })
})
