import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Table } from '../../../core/contract/language/table.ts'
import { shortId } from '../../../formatters/cluster-refusals.ts'
import { isWhole, runs, within } from '../../support/budget.ts'
import { type Fault, Power } from '../pipeline/faults.ts'
import { lakeRuns } from './lake-runs.ts'
import { RepairFixture } from './repair-fixture.ts'
import { batches, change, narrow, narrowNoted, positionOf, second, wide } from './things-fixture.ts'

const { eye, folder: freshFolder, filled, inLife } = lakeRuns()

const redriveAll = { kind: 'redrive', isDryRun: false } as const

const faults = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Fault>('ok') },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('reject', 'fail after', 'stop') },
  ),
  { minLength: 3, maxLength: 14, size: 'max' },
)

test(
  'G3 G4 G10 a redrive after a contract was put right ends, wherever it is cut off, as if the contract had always been right',
  async () => {
    let deaths = 0
    await fc.assert(
      fc.asyncProperty(batches, fc.array(faults, { maxLength: 4 }), async (given, troubles) => {
        const folder = await filled([narrow], given)
        const right = await filled([wide], given)
        for (const trouble of troubles) {
          const shop = await RepairFixture.open(folder, [wide], new Power(trouble))
          if ((await shop.untilFault(() => shop.run(redriveAll))) === 'died') deaths += 1
          await shop.close()
        }
        await inLife(folder, [wide], async (shop) => {
          expect(await shop.run(redriveAll)).toMatchObject({ refused: 0, isInterrupted: false })
          expect(await shop.waiting()).toEqual([])
          const current = await eye().current(folder, 'w.things')
          expect(current).toEqual(await eye().current(right, 'w.things'))
          expect(await shop.run(redriveAll)).toMatchObject({ considered: 0, passed: 0 })
          expect(await eye().current(folder, 'w.things')).toEqual(current)
        })
      }),
      { numRuns: runs(10) },
    )
    /* A part of the runs may meet none by chance. */
    if (isWhole()) expect(deaths).toBeGreaterThan(0)
  },
  within(60_000),
)

test('G4 an older change that was refused never overrides a newer one', async () => {
  const folder = await filled(
    [narrow],
    [
      [change('insert', 1, { id: 1, n: 40_000, note: 'old' })],
      [change('update', 2, { id: 1, n: 7, note: 'new' })],
    ],
  )
  await inLife(folder, [wide], (shop) => shop.run(redriveAll))
  expect(await eye().current(folder, 'w.things')).toEqual([['1', 7, positionOf(2), '{"note":"new"}']])
})

test('G2 an update that lacks columns is whole once the insert before it is redriven', async () => {
  const folder = await filled(
    [narrowNoted],
    [[change('insert', 1, { id: 1, n: 40_000, note: 'kept' })], [change('update', 2, { id: 1, n: 7 })]],
  )
  expect(await eye().current(folder, 'w.things')).toEqual([])
  const fixed: Table = {
    ...narrowNoted,
    columns: { ...narrowNoted.columns, n: wide.columns['n'] ?? never() },
  }
  await inLife(folder, [fixed], (shop) => shop.run(redriveAll))
  expect(await eye().current(folder, 'w.things')).toEqual([['1', 7, 'kept', positionOf(2), null]])
})

test('a dry run says what would pass and why the rest does not, and changes no byte', async () => {
  const folder = await filled(
    [narrow],
    [[change('insert', 1, { id: 1, n: 40_000 }), change('insert', 1, { id: 2, n: 'x' }, { ordinal: 2 })]],
  )
  await inLife(folder, [wide], async (shop) => {
    const stateOf = () => Promise.all(['', '-wal'].map((name) => readFile(join(folder, `state.db${name}`))))
    const state = await stateOf()
    expect(await shop.run({ kind: 'redrive', isDryRun: true })).toMatchObject({
      considered: 2,
      passed: 1,
      refused: 1,
      reasons: [{ reason: { code: 'format/bad-value', path: 'n' }, count: 1 }],
    })
    expect(await stateOf()).toEqual(state)
  })
  expect(await eye().history(folder, 'w.things')).toEqual([])
})

test('takes one table, one cause, one code or one entry, and leaves the rest', async () => {
  const folder = await filled(
    [narrow],
    [[1, 2, 3].map((ordinal) => change('insert', 1, { id: ordinal, n: 40_000 }, { ordinal }))],
  )
  await inLife(folder, [wide], async (shop) => {
    const [first] = await shop.waiting()
    for (const [filter, considered] of [
      [{ table: 'w.other' }, 0],
      [{ cause: 'format/missing-value' }, 0],
      [{ cause: shortId(first?.id ?? '') }, 1],
      [{ table: 'w.things', cause: 'format/bad-value' }, 2],
    ] as const)
      expect(await shop.run({ ...redriveAll, ...filter })).toMatchObject({ considered, passed: considered })
    expect(await shop.waiting()).toEqual([])
  })
})

test('a change that no contract read goes to every contract there is, and waits for the one that refuses it', async () => {
  const folder = await filled([narrow], [[change('insert', 1, { id: 1, n: 40_000, note: 'a' })]])
  await inLife(folder, [narrow], async (shop) => {
    const [entry] = await shop.waiting()
    if (entry === undefined) throw new Error('quarantine is empty')
    await shop.quarantine.release([entry.id], 'expired')
    await shop.quarantine.put([{ ...entry, id: 'public.things#1#-', contract: null }])
  })
  await inLife(folder, [narrow, second], async (shop) => {
    expect(await shop.run(redriveAll)).toMatchObject({ considered: 1, passed: 0, refused: 1 })
    expect((await shop.waiting()).map(({ contract }) => contract)).toEqual([{ name: 'w.things', version: 1 }])
  })
  expect(await eye().current(folder, 'w.things', 1)).toEqual([])
  expect(await eye().current(folder, 'w.things', 2)).toEqual([['1', 40_000, 'a', positionOf(1), null]])
})

test('G4 a redriven reading outranks the one that an older contract had given the same change', async () => {
  const given = [change('insert', 1, { id: 1, n: 40_000, note: 'a' })]
  const folder = await filled([wide], [given])
  await inLife(folder, [narrowNoted], async (shop) => {
    expect(await shop.run({ kind: 'replay', table: 'w.things', isDryRun: false })).toMatchObject({
      refused: 1,
    })
  })
  expect(await eye().current(folder, 'w.things')).toEqual([
    ['1', 40_000, null, positionOf(1), '{"note":"a"}'],
  ])
  const fixed: Table = { ...second, version: 1 }
  await inLife(folder, [fixed], (shop) => shop.run(redriveAll))
  expect(await eye().current(folder, 'w.things')).toEqual([['1', 40_000, 'a', positionOf(1), null]])
  expect(await eye().history(folder, 'w.things')).toEqual([
    ['insert', positionOf(1), 0],
    ['insert', positionOf(1), 2],
  ])
})

test('a stopped redrive says so, and the next one goes on', async () => {
  const folder = await filled([narrow], [[change('insert', 1, { id: 1, n: 40_000 })]])
  await inLife(folder, [wide], async (shop) => {
    expect(await shop.run(redriveAll, AbortSignal.abort())).toMatchObject({
      considered: 0,
      isInterrupted: true,
    })
    expect(await shop.run(redriveAll)).toMatchObject({ passed: 1, isInterrupted: false })
  })
})

test('a payload that cannot be read keeps no other change waiting, and no message shows it', async () => {
  const folder = await filled([narrow], [[change('insert', 1, { id: 1, n: 40_000 })]])
  await inLife(folder, [wide], async (shop) => {
    const [entry] = await shop.waiting()
    if (entry === undefined) throw new Error('quarantine is empty')
    await shop.quarantine.put([{ ...entry, id: 'broken', payload: 'Jeanne Personne' }])
    const result = await shop.run(redriveAll)
    expect(result).toMatchObject({ passed: 1, refused: 1, reasons: [{ reason: { code: 'raw/corrupt' } }] })
    expect(JSON.stringify(result)).not.toContain('Jeanne')
  })
})

const envelope = (metadata: object) =>
  Buffer.from(JSON.stringify({ data: { id: 5, n: 6 }, metadata }), 'utf8')
const metadata = {
  'record-type': 'data',
  operation: 'insert',
  'schema-name': 'public',
  'table-name': 'things',
  'commit-timestamp': '2026-01-01T00:00:00.000000Z',
  'stream-position': '00000000/00000009.0.00000000/00000009',
  'transaction-record-id': 1,
}

test('records that could not be decoded are captured once they can be, twice without a trace; load rows stay', async () => {
  const folder = freshFolder()
  await inLife(folder, [wide], async (shop) => {
    const reasons = [{ code: 'capture/undecodable' as const, path: '', message: 'no metadata' }]
    const common = {
      stage: 'capture',
      table: null,
      contract: null,
      position: null,
      reasons,
      encoding: 'base64',
    } as const
    const good = { ...common, id: 'capture#1', payload: envelope(metadata).toString('base64') }
    const row = {
      ...common,
      id: 'capture#2',
      payload: envelope({ ...metadata, operation: 'load' }).toString('base64'),
    }
    const broken = { ...common, id: 'capture#3', payload: Buffer.from('Jeanne').toString('base64') }
    await shop.quarantine.put([good, row, broken])
    expect(await shop.run({ kind: 'redrive', isDryRun: true })).toMatchObject({ passed: 1, refused: 2 })
    expect(shop.raw.length).toBe(0)
    const result = await shop.run(redriveAll)
    expect(result).toMatchObject({ considered: 3, passed: 1, refused: 2 })
    expect(JSON.stringify(result)).not.toContain('Jeanne')
    expect((await shop.waiting()).map(({ id }) => id)).toEqual(['capture#2', 'capture#3'])
    await shop.quarantine.put([good])
    await shop.run({ ...redriveAll, cause: 'capture/undecodable' })
    expect([shop.raw.length, (await shop.raw.next(0))?.page.table]).toEqual([1, 'public.things'])
  })
})

test('an object that landing had set aside lands under its own name once it can be read', async () => {
  const folder = await filled([wide], [[change('insert', 1, { id: 1, n: 1 })]])
  await inLife(folder, [wide], async (shop) => {
    const { objects } = shop.parts
    const key = 'landing/changes/2026/01/02/03/x.ndjson.gz'
    const aside = key.replace('changes', 'rejected')
    const reasons = [{ code: 'landing/corrupt' as const, path: '', message: 'cannot be unzipped' }]
    const payload = JSON.stringify({ object: aside })
    await shop.quarantine.put([
      {
        id: `landing#${key}`,
        stage: 'landing',
        table: null,
        contract: null,
        position: null,
        reasons,
        payload,
        encoding: 'json',
      },
    ])
    expect(await shop.run(redriveAll)).toMatchObject({
      passed: 0,
      reasons: [{ reason: { code: 'landing/corrupt' } }],
    })
    await objects.put(aside, Buffer.from('no gzip'))
    expect(await shop.run(redriveAll)).toMatchObject({ passed: 0, refused: 1 })
    await objects.put(aside, await blockOf(shop))
    expect(await shop.run({ kind: 'redrive', isDryRun: true })).toMatchObject({ passed: 1 })
    expect(await eye().current(folder, 'w.things')).toHaveLength(1)
    expect(await shop.run(redriveAll)).toMatchObject({ passed: 1 })
    expect(await shop.waiting()).toEqual([])
  })
  expect((await eye().current(folder, 'w.things')).map(([key]) => key)).toEqual(['1', '2'])
})

async function blockOf(shop: RepairFixture): Promise<Buffer> {
  const { promisify } = await import('node:util')
  const { gzip } = await import('node:zlib')
  const { blockText } = await import('../../lake/small-lake.ts')
  const row = ['insert', positionOf(2), 0, null, null, null, '2', 2] as const
  const [contract] = shop.parts.tables
  return promisify(gzip)(blockText(contract ?? never(), [row]))
}

function never(): never {
  throw new Error('not there')
}
