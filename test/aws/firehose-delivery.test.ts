import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { firehoseClient } from '../../aws/calls/clients.ts'
import { FirehoseDelivery } from '../../aws/firehose/firehose-delivery.ts'
import { packCalls, packRecords, recordBytes } from '../../aws/firehose/pack-records.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { block, deliveryContract, landedText } from '../ports/delivery.contract.ts'
import { runs } from '../support/budget.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { fakeFirehose } from './fake-firehose.ts'
import { failedRecords, json } from './fake-partial-faults.ts'
import { every, type FaultPlan, faultProxy, faults } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

async function underTest(plan: FaultPlan) {
  const objects = new FolderObjects(await tempFolder())
  const { answer, calls } = fakeFirehose(objects)
  const proxy = await faultProxy(answer)
  proxy.plan = plan
  const client = firehoseClient(standInSettings(proxy.endpoint))
  onTestFinished(async () => {
    client.destroy()
    await proxy.close()
  })
  return { objects, calls, proxy, delivery: new FirehoseDelivery({ client, stream: 's', retry: quickRetry }) }
}

deliveryContract('Firehose', () => underTest(() => undefined))

describe.each([
  ['throttling', every(3, faults.throttle)],
  ['errors of the service', every(3, faults['an error of the service'])],
  ['requests that never arrive', every(3, faults['a cut before the request arrives'])],
])('%s', (name, plan) => {
  deliveryContract(`Firehose under ${name}`, () => underTest(plan))
})

test.each([
  ['answers that never arrive', every(3, faults['a cut after the write'])],
  ['answers cut in half', every(3, faults['an answer that is cut in half'])],
  ['records that fail alone', (_, number) => (number % 4 === 0 ? undefined : failedRecords)],
] as const satisfies readonly (readonly [string, FaultPlan])[])(
  'G1 lands every block whole under %s, some perhaps twice',
  async (_, plan) => {
    const { delivery, objects, proxy } = await underTest(plan)
    const blocks = Array.from({ length: 40 }, (__, index) => block(`b${index}`, index * 20_000))
    await Promise.all([0, 10, 20, 30].map((start) => delivery.put(blocks.slice(start, start + 10))))
    const landed = await landedText(objects)
    for (const { text } of blocks) expect(landed.includes(text.toString())).toBe(true)
    expect(proxy.met()).toBeGreaterThan(0)
  },
)

test('sends again only the records that failed', async () => {
  const { delivery, calls } = await underTest(every(1, failedRecords))
  await delivery.put(Array.from({ length: 4 }, (_, index) => block(`b${index}`, 900_000)))
  /* Every other one is taken, and the double never sees one again. */
  expect(calls.map(({ length }) => length)).toEqual([2, 1, 1])
})

test('a stream that never takes a record is delivery/unavailable, one that is refused aws/refused', async () => {
  const { delivery, proxy } = await underTest(every(1, faults.throttle))
  await expect(delivery.put([block('a')])).rejects.toMatchObject({
    code: 'delivery/unavailable',
    action: 'retry',
  })
  const response = { FailedPutCount: 1, RequestResponses: [{ ErrorCode: 'InternalFailure' }] }
  proxy.plan = every(1, async () => json(response))
  await expect(delivery.put([block('a')])).rejects.toMatchObject({ code: 'delivery/unavailable' })
  proxy.plan = every(1, async () => json({ __type: 'ResourceNotFoundException' }, 400))
  await expect(delivery.put([block('a')])).rejects.toMatchObject({ code: 'aws/refused' })
})

test('a block beyond a record is refused before anything is sent with it', async () => {
  const { delivery, calls } = await underTest(() => undefined)
  await expect(delivery.put([block('a', recordBytes)])).rejects.toThrow(RangeError)
  expect(calls).toEqual([])
})

test('packing keeps every byte in order and every limit', () => {
  const anySizes = fc.array(
    fc.oneof(fc.integer({ min: 40, max: 5_000 }), fc.constantFrom(recordBytes, recordBytes - 1, 600_000)),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(anySizes, (sizes) => {
      const blocks = sizes.map((size, index) => ({
        table: 't',
        version: 1,
        rows: 1,
        text: Buffer.alloc(size, 65 + (index % 26)),
      }))
      const calls = [...packCalls(packRecords(blocks))]
      const records = calls.flat()
      expect(Buffer.concat(records).equals(Buffer.concat(blocks.map(({ text }) => text)))).toBe(true)
      for (const call of calls) {
        expect(call.length).toBeLessThanOrEqual(500)
        expect(call.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(4 << 20)
      }
      for (const { length } of records) expect(length).toBeLessThanOrEqual(recordBytes)
    }),
    { numRuns: runs(30) },
  )
  const small = Array.from({ length: 1_201 }, () => Buffer.alloc(1))
  expect([...packCalls(small)].map(({ length }) => length)).toEqual([500, 500, 201])
})
