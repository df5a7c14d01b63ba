import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  LandedObject,
  LoadFileRecord,
  ManifestDay,
  NamedBlock,
  PageRecord,
} from '../../core/ledger/ledger.ts'
import { type PageName, pageOfKey } from '../../core/page.ts'
import type { Ledger } from '../../core/ports/ports.ts'
import { formatPosition } from '../../core/position.ts'
import { runs } from '../support/budget.ts'

/** A ledger under test, and what its port does not say: how it is read. Every page of the test is captured. */
export interface LedgerUnderTest {
  readonly ledger: Ledger
  /** Another instance on what the first one left. */
  reopen(): Promise<LedgerUnderTest>
  /** Everything has had its time: what has not arrived is missing. */
  overdue(): Promise<void>
  balance(): Promise<LedgerSums>
  files(day: ManifestDay): Promise<readonly string[]>
}

export interface LedgerSums {
  readonly captured: number
  readonly landed: number
  readonly quarantined: number
  readonly inFlight: number
  readonly missing: number
  readonly redriven: number
  readonly balanced: boolean
}

export const contract = { name: 'a.t', version: 1 }
export const source = 'a.t'
const day: ManifestDay = { table: 'a.t', version: 1, day: '2026-01-02' }
const positionOf = (at: number) => formatPosition({ epoch: 1, lsn: BigInt(at), ordinal: 1, step: 0 })

/** Three changes: two in a block, one refused. */
export function headerOf(at: number): PageName {
  const position = positionOf(at)
  const page = pageOfKey(`${source}#${position}#${position}#shard#${at}#0#3`)
  if (page === undefined) throw new Error('no page')
  return page
}

function blockOf(at: number, ordinal = 0, digest = 'd'): NamedBlock {
  const { key, firstPosition, lastPosition } = headerOf(at)
  const label = { origin: 'page', page: key, ordinal, changes: 1, rows: 1 } as const
  return { contract, ...label, first: firstPosition, last: lastPosition, digest: `${digest}${ordinal}` }
}

const blocksOf = (at: number, digest?: string) => [blockOf(at, 0, digest), blockOf(at, 1, digest)]

function recordOf(at: number, blocks = blocksOf(at)): PageRecord {
  const { key, ...page } = headerOf(at)
  return {
    page: key,
    ...page,
    shares: [{ contract, blocks, refused: 3 - blocks.length, fresh: 1, filtered: 0 }],
  }
}

const keyOf = (name: string) => `lake/a/t/ingest_date=2026-01-02/${name}.parquet`

function landedOf(name: string, blocks: readonly NamedBlock[]): LandedObject {
  const file = { key: keyOf(name), rows: 2, bytes: 9, first: null, last: null }
  return {
    object: `landing/changes/2026/01/02/03/${name}.ndjson.gz`,
    blocks,
    files: [{ ...day, added: [file], removed: [] }],
  }
}

const redrive: NamedBlock = { ...blockOf(1), origin: 'redrive', page: '', ordinal: 0 }
const nothing = { captured: 0, landed: 0, quarantined: 0, inFlight: 0, missing: 0, redriven: 0 }

/** What every ledger keeps; `make` gives an empty one beside a raw store that has some pages. */
export function ledgerContract(
  name: string,
  make: (pages: readonly PageName[]) => Promise<LedgerUnderTest>,
): void {
  const pages = (count: number) => Array.from({ length: count }, (_, at) => headerOf(at))

  describe(`${name} as a ledger`, () => {
    test('G1 a change is in flight until it has landed or is refused, and missing when its time is over', async () => {
      const at = await make(pages(2))
      expect(await at.balance()).toEqual({ ...nothing, captured: 6, inFlight: 6, balanced: true })
      await at.ledger.formatted([recordOf(0)])
      const formatted = { ...nothing, captured: 6, quarantined: 1 }
      expect(await at.balance()).toEqual({ ...formatted, inFlight: 5, balanced: true })
      await at.ledger.landed(landedOf('o', [blockOf(0)]))
      expect(await at.balance()).toEqual({ ...formatted, landed: 1, inFlight: 4, balanced: true })
      await at.overdue()
      expect(await at.balance()).toEqual({ ...formatted, landed: 1, missing: 4, balanced: false })
      await at.ledger.landed(landedOf('p', [blockOf(0, 1)]))
      await at.ledger.formatted([recordOf(1)])
      await at.ledger.landed(landedOf('q', blocksOf(1)))
      expect(await at.balance()).toEqual({
        ...nothing,
        captured: 6,
        landed: 4,
        quarantined: 2,
        balanced: true,
      })
    })

    test('G10 keeps what was written down for who opens it after the call', async () => {
      const at = await make(pages(1))
      await at.ledger.formatted([recordOf(0)])
      const again = await at.reopen()
      await again.ledger.landed(landedOf('o', blocksOf(0)))
      expect(await (await again.reopen()).balance()).toMatchObject({
        landed: 2,
        quarantined: 1,
        balanced: true,
      })
    })

    test('G1 G3 G10 any order of the stages, any repetition and any split into calls end in one balance', async () => {
      const count = 4
      type Step = readonly ['formatted', readonly number[]] | readonly ['landed', readonly NamedBlock[]]
      const blocks = Array.from({ length: count }, (_, at) => blocksOf(at)).flat()
      const once: readonly Step[] = [
        ...Array.from({ length: count }, (_, at): Step => ['formatted', [at]]),
        ...blocks.map((block): Step => ['landed', [block]]),
      ]
      const repeated: fc.Arbitrary<Step> = fc.oneof(
        fc.subarray([0, 1, 2, 3], { minLength: 1 }).map((some): Step => ['formatted', some]),
        fc.subarray(blocks, { minLength: 1 }).map((some): Step => ['landed', some]),
      )
      const anySteps = fc
        .array(repeated, { maxLength: 6 })
        .chain((more) => fc.shuffledSubarray([...once, ...more], { minLength: once.length + more.length }))
      await fc.assert(
        fc.asyncProperty(anySteps, fc.boolean(), async (steps, isTogether) => {
          const at = await make(pages(count))
          const run = ([kind, some]: Step, index: number) =>
            kind === 'formatted'
              ? at.ledger.formatted(some.map((one) => recordOf(one)))
              : at.ledger.landed(landedOf(`o${index}`, some))
          if (isTogether) await Promise.all(steps.map(run))
          else for (const [index, step] of steps.entries()) await run(step, index)
          await at.overdue()
          const even = { ...nothing, captured: 12, landed: 8, quarantined: 4, balanced: true }
          expect(await at.balance()).toEqual(even)
        }),
        { numRuns: runs(3) },
      )
    })

    test('a newer record of a page that does not balance takes the place of the older one', async () => {
      const at = await make(pages(1))
      await at.ledger.formatted([recordOf(0)])
      await at.ledger.landed(landedOf('o', [blockOf(0)]))
      const newer = blocksOf(0, 'e')
      await at.ledger.formatted([recordOf(0, newer)])
      await at.overdue()
      expect(await at.balance()).toMatchObject({ landed: 0, missing: 2, balanced: false })
      await at.ledger.landed(landedOf('p', newer))
      expect(await at.balance()).toMatchObject({ landed: 2, missing: 0, balanced: true })
    })

    test('the blocks of an object that was set aside are quarantined, whichever is said first', async () => {
      const at = await make(pages(2))
      await at.ledger.formatted([recordOf(0), recordOf(1)])
      const [first, second] = [landedOf('o', blocksOf(0)), landedOf('p', blocksOf(1))]
      await at.ledger.delivered(first.object, first.blocks)
      await at.ledger.setAside(first.object)
      await at.ledger.delivered(second.object, second.blocks)
      await at.overdue()
      expect(await at.balance()).toMatchObject({ landed: 0, quarantined: 4, missing: 2, balanced: false })
      await at.ledger.landed(second)
      expect(await at.balance()).toMatchObject({ landed: 2, quarantined: 4, missing: 0, balanced: true })
    })

    test('G1 a redriven block counts when it has landed, once, and is missed when it has not', async () => {
      const at = await make([])
      await at.ledger.redriven([redrive])
      expect(await at.balance()).toMatchObject({ redriven: 0, balanced: true })
      await at.overdue()
      expect(await at.balance()).toMatchObject({ redriven: 0, balanced: false })
      await at.ledger.landed(landedOf('o', [redrive]))
      await at.ledger.landed(landedOf('p', [redrive]))
      expect(await at.balance()).toMatchObject({ redriven: 1, balanced: true })
    })

    test('a redriven block may land before its redrive is written down', async () => {
      const at = await make([])
      await at.ledger.landed(landedOf('o', [redrive]))
      await at.ledger.redriven([redrive])
      await at.overdue()
      expect(await at.balance()).toMatchObject({ redriven: 1, balanced: true })
    })

    test('a replay mends the pages that it read whole, formatted or not, and redriven blocks in its range', async () => {
      const at = await make(pages(3))
      await at.ledger.formatted([recordOf(0)])
      await at.ledger.redriven([redrive])
      await at.overdue()
      const range = { contract, contracts: [contract], from: positionOf(0), to: positionOf(1) }
      await at.ledger.replayed({ ...range, pages: [headerOf(0).key, headerOf(1).key] })
      expect(await at.balance()).toMatchObject({ landed: 5, quarantined: 1, missing: 3, redriven: 1 })
      await at.ledger.replayed({ ...range, pages: [headerOf(2).key] })
      expect(await at.balance()).toMatchObject({ landed: 8, missing: 0, balanced: true })
    })

    test('history files come and go by key, and a repetition changes nothing', async () => {
      const { ledger, files, reopen } = await make([])
      await ledger.landed(landedOf('a', []))
      await ledger.landed(landedOf('b', []))
      const merged = { key: keyOf('m'), rows: 4, bytes: 9, first: null, last: null }
      const change = { ...day, added: [merged], removed: [keyOf('a'), keyOf('b')] }
      await ledger.replaceFiles(change)
      await ledger.replaceFiles(change)
      await ledger.landed(landedOf('c', []))
      expect((await files(day)).toSorted()).toEqual([keyOf('c'), keyOf('m')])
      expect(await files({ ...day, day: '2026-01-03' })).toEqual([])
      expect((await (await reopen()).files(day)).toSorted()).toEqual([keyOf('c'), keyOf('m')])
    })

    test('the files of a load are in the manifest, and its newer record counts', async () => {
      const { ledger, files } = await make([])
      const added = [{ key: keyOf('load'), rows: 2, bytes: 9, first: null, last: null }]
      const record: LoadFileRecord = {
        load: 'l1',
        key: 'landing/loads/l1/a/t/LOAD00000001.parquet',
        table: source,
        rows: 3,
        landed: { 'a.t v1': 2 },
        refused: { 'a.t v1': 1 },
        files: [{ ...day, added, removed: [] }],
      }
      await ledger.recordLoadFile(record)
      await ledger.recordLoadFile(record)
      expect(await files(day)).toEqual([keyOf('load')])
    })

    test('takes nothing at all', async () => {
      const at = await make([])
      await at.ledger.formatted([])
      await at.ledger.redriven([])
      await at.ledger.delivered('o', [])
      expect(await at.balance()).toEqual({ ...nothing, balanced: true })
    })
  })
}
