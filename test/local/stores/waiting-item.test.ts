import { expect, test } from 'vitest'
import { storedEntryOf, waitingItem } from '../../../state/quarantine/waiting-item.ts'
import { entry } from '../../ports/quarantine.contract.ts'

const more = { since: '2026-01-01T00:00:00.000Z', arrival: 'a', digest: 'd' }

test('a contract is its text where an entry is stored, as it was before, and a value for who reads it', () => {
  for (const contract of [{ name: 'a.t', version: 12 }, null]) {
    const { payload: _, ...rest } = entry('e', { contract })
    const item = waitingItem({ ...rest, payload: '' }, more)
    const text = contract === null ? null : 'a.t v12'
    expect(item['header']).toBe(JSON.stringify({ ...rest, contract: text }))
    expect(storedEntryOf(item).entry).toEqual({ ...rest, since: more.since })
  }
})

test('a header whose contract is no version of a table is of another form', () => {
  const item = waitingItem(entry('e'), more)
  const header = String(item['header']).replace('a.t v1', 'a.t')
  expect(() => storedEntryOf({ ...item, header })).toThrow(
    expect.objectContaining({ code: 'quarantine/unavailable' }),
  )
})
