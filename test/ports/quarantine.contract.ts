import { describe, expect, test } from 'vitest'
import type { Quarantine, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'

export interface QuarantineUnderTest {
  readonly quarantine: Quarantine
  reopen(): Promise<QuarantineUnderTest>
  /** Whether the text is anywhere in what the quarantine stores. */
  holds(text: string): Promise<boolean>
}

/** What every quarantine keeps; `make` gives an empty one for each test. */
export function quarantineContract(name: string, make: () => Promise<QuarantineUnderTest>): void {
  describe(`${name} as a quarantine`, () => {
    test('G1 keeps every entry whole, in the order they came, across a restart', async () => {
      const { quarantine, reopen } = await make()
      const entries = [entry('a'), undecodable, entry('b', { table: 'b.other', position: null, reasons: [] })]
      await quarantine.put(entries.slice(0, 2))
      await quarantine.put(entries.slice(2))
      expect(await listed(quarantine)).toEqual(entries)
      expect(await listed((await reopen()).quarantine)).toEqual(entries)
    })

    test('says since when an entry waits', async () => {
      const { quarantine, reopen } = await make()
      const before = new Date().toISOString()
      await quarantine.put([entry('a')])
      const [waiting] = await waitingIn(quarantine)
      expect([before, waiting?.since, new Date().toISOString()].toSorted()).toEqual([
        before,
        waiting?.since,
        expect.any(String),
      ])
      await quarantine.put([entry('a')])
      expect(await waitingIn((await reopen()).quarantine)).toEqual([waiting])
    })

    test('lists an entry no more when it was released, and again when it is refused again', async () => {
      const { quarantine, reopen } = await make()
      await quarantine.put([entry('a'), entry('b'), entry('c')])
      await quarantine.release(['b', 'unknown'], 'redriven')
      await quarantine.release(['b'], 'expired')
      await quarantine.release([], 'expired')
      const again = await reopen()
      expect((await listed(again.quarantine)).map(({ id }) => id)).toEqual(['a', 'c'])
      const second = entry('b', { payload: 'refused again' })
      await again.quarantine.put([entry('a'), second])
      const found = await listed((await reopen()).quarantine)
      expect(found.map(({ id }) => id)).toEqual(['a', 'c', 'b'])
      expect(found.at(-1)).toEqual(second)
    })

    test('G7 holds nothing of a released payload after a purge, and everything of the others, across a restart', async () => {
      const { quarantine, reopen, holds } = await make()
      const kept = [entry('a', { payload: 'still waiting' }), entry('c'), entry('d')]
      await quarantine.put([entry('b', { payload: 'personal and released' }), ...kept.slice(0, 2)])
      await quarantine.release(['b'], 'expired')
      await quarantine.purge()
      expect(await listed(quarantine)).toEqual(kept.slice(0, 2))
      await quarantine.put(kept)
      await quarantine.purge()
      expect(await listed((await reopen()).quarantine)).toEqual(kept)
      expect([await holds('personal and released'), await holds('still waiting')]).toEqual([false, true])
    })

    test('G3 leaves an entry as it is when its id comes again, in one call, in calls at once, after a restart', async () => {
      const { quarantine, reopen } = await make()
      const first = entry('a', { payload: 'first' })
      await quarantine.put([first, entry('b'), entry('b', { payload: 'twice in one call' })])
      await Promise.all([
        quarantine.put([entry('a')]),
        quarantine.put([entry('c')]),
        quarantine.put([entry('c')]),
      ])
      const again = await reopen()
      await again.quarantine.put([entry('a'), entry('c')])
      const found = await listed(again.quarantine)
      expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      expect(found[0]).toEqual(first)
    })

    test('lists the entries of one table', async () => {
      const { quarantine } = await make()
      await quarantine.put([entry('a'), undecodable, entry('b', { table: 'b.other' })])
      expect((await listed(quarantine, 'b.other')).map(({ id }) => id)).toEqual(['b'])
      expect(await listed(quarantine, 'b.unknown')).toEqual([])
    })
  })
}

/** Entries as they were put. */
async function listed(quarantine: Quarantine, table?: string): Promise<readonly QuarantineEntry[]> {
  return (await waitingIn(quarantine, table)).map(({ since: _, ...one }) => one)
}

async function waitingIn(quarantine: Quarantine, table?: string): Promise<readonly WaitingEntry[]> {
  const entries: WaitingEntry[] = []
  for await (const one of quarantine.list(table === undefined ? {} : { table })) entries.push(one)
  return entries
}

export function entry(id: string, given: Partial<QuarantineEntry> = {}): QuarantineEntry {
  return {
    id,
    stage: 'format',
    table: 'a.t',
    contract: { name: 'a.t', version: 1 },
    position: '0001-0000000000000100-0000000010',
    reasons: [{ code: 'format/bad-value', path: 'skills[2]', message: 'must be text' }],
    payload: '{"data":{"n":12345678901234567890.10,"s":"é\\u0000"}}',
    encoding: 'json',
    ...given,
  }
}

const undecodable = entry('capture#1', {
  stage: 'capture',
  table: null,
  contract: null,
  position: null,
  reasons: [{ code: 'capture/undecodable', path: '', message: 'no metadata' }],
  payload: Buffer.from([0, 255, 10]).toString('base64'),
  encoding: 'base64',
})
