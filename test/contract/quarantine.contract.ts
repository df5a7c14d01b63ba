import { describe, expect, test } from 'vitest'
import type { Quarantine, QuarantineEntry } from '../../core/ports.ts'

export interface QuarantineUnderTest {
  readonly quarantine: Quarantine
  reopen(): Promise<QuarantineUnderTest>
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

async function listed(quarantine: Quarantine, table?: string): Promise<readonly QuarantineEntry[]> {
  const entries: QuarantineEntry[] = []
  for await (const one of quarantine.list(table === undefined ? {} : { table })) entries.push(one)
  return entries
}

function entry(id: string, given: Partial<QuarantineEntry> = {}): QuarantineEntry {
  return {
    id,
    stage: 'format',
    table: 'a.t',
    contract: 'a.t v1',
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
