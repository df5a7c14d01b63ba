import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures.ts'
import { readAcknowledged } from '../../../local/pipeline/acknowledged.ts'
import { type SourceServer, startSource, until, walEnd } from '../replicator/source-server.ts'
import { AddingLab } from './adding-lab.ts'

let server: SourceServer
let lab: AddingLab
beforeAll(async () => {
  server = await startSource()
  lab = await AddingLab.open(server)
})
afterAll(async () => {
  await lab.close()
  await server.stop()
})

test('G1 a change whose page the raw store could not take is sent again by the source', async () => {
  const { raw } = lab.run.pipeline
  let refused = 0
  raw.put = async () => {
    Reflect.deleteProperty(raw, 'put')
    refused += 1
    throw new PipelineError('raw/unavailable', 'the disk is full')
  }
  await lab.sql('UPDATE public.orders SET n = -1 WHERE id = 1')
  await until(() => refused === 1)
  expect(await lab.verdicts()).toEqual(['public.orders'])
})

test('G1 the columns that rows were read by are on disk before the source may forget the rows', async () => {
  const known = lab.run.pipeline.folder.tables
  /* Only what capture itself writes: nobody looks at the source meanwhile. */
  await lab.sql(
    'ALTER TABLE public.orders ADD COLUMN more int; UPDATE public.orders SET more = 1 WHERE id = 2',
  )
  const end = await walEnd(lab.database.client)
  const noted = join(lab.dir, 'acknowledged.json')
  await until(async () => ((await readAcknowledged(noted)) ?? 0n) >= end)
  expect(await readFile(known, 'utf8')).toContain('"more"')
})
