import { afterEach, describe, expect, test } from 'vitest'
import type { Table } from '../../../core/contract/language/table.ts'
import type { RawChange } from '../../../core/page.ts'
import { change, narrow, narrowNoted, noted } from '../../local/operations/things-fixture.ts'

/** What one call of a replay says. */
export interface Answer {
  readonly state: string
  readonly revision: number | null
  readonly changes: number
  readonly rows: number
  readonly refused: number
}

/** A lake of `w.things` that is replayed, and who paces it. */
export interface ReplayUnderTest {
  /** Captures changes, a page for each list, and lands what a contract makes of them. */
  take(contract: Table, batches: readonly (readonly RawChange[])[]): Promise<void>
  /** Asks for a replay, or for its first file from where it is; `interrupted` where there is more. */
  replay(
    contract: Table,
    asked?: { readonly isPiece?: boolean; readonly isDryRun?: boolean },
  ): Promise<Answer>
  compact(): Promise<void>
  pass(days: number): void
  /** Key, number and note of what current has. */
  current(): Promise<readonly unknown[]>
  /** Keys of the files of replays. */
  files(): Promise<readonly string[]>
  delete(key: string): Promise<void>
  states(): Promise<readonly string[]>
  /** How many changes wait in quarantine. */
  waiting(): Promise<number>
  close(): Promise<void>
}

/* Sixteen pages are a file: three of them. */
const many = Array.from({ length: 40 }, (_, index) => [
  change('insert', index + 1, { id: index + 1, n: index * 2, note: `note ${index}` }),
])
const few = [
  [change('insert', 1, { id: 1, n: 1, note: 'one' }), change('insert', 2, { id: 2, n: 2_000, note: 'two' })],
  [change('update', 3, { id: 1, n: 3, note: 'three' }), change('insert', 4, { id: 3, n: 4, note: null })],
  [change('delete', 5, { id: 3 }), change('insert', 6, { id: 4, n: 6, note: 'six' })],
]
const fewNow = [
  [1, 3, 'three'],
  [2, 2_000, 'two'],
  [4, 6, 'six'],
]
const piece = { isPiece: true } as const

/** What every replay keeps, whoever paces it; `make` gives an empty lake whose catalog has `noted`. */
export function replayContract(name: string, make: () => Promise<ReplayUnderTest>): void {
  const open: ReplayUnderTest[] = []
  afterEach(async () => {
    for (const lake of open.splice(0)) await lake.close()
  })

  async function filled(contract: Table, batches: readonly (readonly RawChange[])[]) {
    const lake = await make()
    open.push(lake)
    await lake.take(contract, batches)
    return lake
  }

  describe(`a replay ${name}`, () => {
    test('G2 G3 is as if the contract had always been so; made twice it changes nothing, at a higher revision', async () => {
      const lake = await filled(narrow, few)
      expect(await lake.current()).toEqual([
        [1, 3, null],
        [4, 6, null],
      ])
      const whole = { state: 'complete', changes: 6, rows: 6, refused: 0 }
      expect(await lake.replay(noted)).toMatchObject({ ...whole, revision: 1 })
      expect(await lake.current()).toEqual(fewNow)
      expect(await lake.replay(noted)).toMatchObject({ ...whole, revision: 2 })
      expect(await lake.current()).toEqual(fewNow)
    })

    test('G8 G10 stopped, it goes on behind its last file, and shows nothing before it is whole', async () => {
      const lake = await filled(narrow, many)
      const before = await lake.current()
      for (const files of [1, 2]) {
        const answer = await lake.replay(noted, piece)
        expect(answer).toMatchObject({ state: 'interrupted', revision: 1, changes: 16 * files })
        expect([(await lake.files()).length, await lake.current()]).toEqual([files, before])
      }
      expect(await lake.replay(noted)).toMatchObject({
        state: 'complete',
        revision: 1,
        changes: 40,
        rows: 40,
      })
      expect(await lake.files()).toHaveLength(3)
      expect(await lake.current()).toHaveLength(40)
      expect(await lake.current()).toContainEqual([40, 78, 'note 39'])
    })

    test('G2 changes, compactions and days that come meanwhile lose none of it', async () => {
      const lake = await filled(narrow, many)
      await lake.compact()
      await lake.replay(noted, piece)
      await lake.take(noted, [[change('update', 50, { id: 1, n: 900, note: 'meanwhile' })]])
      lake.pass(5)
      await lake.take(noted, [[change('insert', 51, { id: 51, n: 1, note: 'late' })]])
      await lake.compact()
      const meanwhile = await lake.current()
      expect(meanwhile).toContainEqual([1, 900, 'meanwhile'])
      expect(meanwhile).toContainEqual([2, 2, null])
      await lake.replay(noted, piece)
      await lake.compact()
      expect(await lake.current()).toEqual(meanwhile)
      expect(await lake.replay(noted)).toMatchObject({ state: 'complete', revision: 1 })
      const now = await lake.current()
      expect(now).toHaveLength(41)
      for (const row of [
        [1, 900, 'meanwhile'],
        [2, 2, 'note 1'],
        [40, 78, 'note 39'],
      ])
        expect(now).toContainEqual(row)
      await lake.compact()
      expect(await lake.current()).toEqual(now)
      lake.pass(5)
      await lake.take(noted, [[change('delete', 52, { id: 51 })]])
      await lake.compact()
      expect(await lake.current()).toEqual(now.slice(0, 40))
    })

    test('G1 what the contract refuses now keeps its earlier reading, and waits', async () => {
      const lake = await filled(noted, few)
      expect(await lake.replay(narrowNoted)).toMatchObject({ state: 'complete', rows: 5, refused: 1 })
      expect([await lake.waiting(), await lake.current()]).toEqual([1, fewNow])
    })

    test('G8 with another contract it begins anew: the files of before go, and no revision is used again', async () => {
      const lake = await filled(narrow, many)
      await lake.replay(narrowNoted, piece)
      expect(await lake.files()).toHaveLength(1)
      expect(await lake.replay(noted)).toMatchObject({ state: 'complete', revision: 2, rows: 40 })
      expect(await lake.states()).toEqual(['abandoned', 'complete'])
      expect((await lake.files()).every((key) => key.includes('/replay-r000002-'))).toBe(true)
    })

    test('G8 a file that is gone is found before readers see the replay; the next one begins anew', async () => {
      const lake = await filled(narrow, many)
      const before = await lake.current()
      await lake.replay(noted, piece)
      for (const key of await lake.files()) await lake.delete(key)
      await expect(lake.replay(noted)).rejects.toMatchObject({ code: 'lake/unreadable' })
      expect([await lake.current(), await lake.files()]).toEqual([before, []])
      expect(await lake.replay(noted)).toMatchObject({ state: 'complete', revision: 2, rows: 40 })
    })

    test('a dry run counts and writes nothing', async () => {
      const lake = await filled(noted, few)
      const counts = { state: 'dry run', revision: null, changes: 6, rows: 5, refused: 1 }
      expect(await lake.replay(narrowNoted, { isDryRun: true })).toMatchObject(counts)
      expect([await lake.files(), await lake.states(), await lake.waiting()]).toEqual([[], [], 0])
    })
  })
}
