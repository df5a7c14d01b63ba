import { expect, test } from 'vitest'
import { parseSince } from '../../../engine/reconcile/lake/since.ts'

const now = () => Date.parse('2026-01-02T00:00:00Z')

test('a position, an instant, a day and a time ago are understood', () => {
  const position = '0001-000000000703e838-0000000000'
  expect(parseSince(position, now)).toEqual({ kind: 'position', position })
  for (const text of ['2026-01-01T22:00:00Z', '2026-01-01T23:00:00+01:00', '2h', '120m', '7200s'])
    expect(parseSince(text, now), text).toEqual({ kind: 'time', at: now() - 7_200_000 })
  for (const text of ['2026-01-01', '1d', '24h'])
    expect(parseSince(text, now), text).toEqual({ kind: 'time', at: now() - 86_400_000 })
})

test('anything else is refused, a time without its offset too', () => {
  for (const text of ['', 'yesterday', '2', '-2h', '2w', '2026-01-01T22:00:00', '2026-13-01', `'; --`])
    expect(() => parseSince(text, now), text).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
})
