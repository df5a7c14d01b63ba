import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type SourceServer, startSource, until } from '../../engine/postgres/source-server.ts'
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
