import { expect, test } from 'vitest'
import { explanations } from '../../contract-tools/check/explanations.ts'
import { nearest } from '../../contract-tools/check/nearest.ts'

test('no two codes are alike', () => {
  const codes = explanations.map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
})

test.each(explanations)(
  '$code has a title, says what happens and what to do',
  ({ code, title, happens, todo }) => {
    expect(code).toMatch(/^([A-Z]\d{3}|[a-z]+\/[a-z-]+)$/)
    expect(title.length).toBeGreaterThan(8)
    expect(happens).toMatch(/\.$/)
    expect(todo).toMatch(/[.…]$/)
  },
)

test.each([
  ['F210', 'F201'],
  ['format/bad-vlaue', 'format/bad-value'],
  ['q101', 'Q101'],
])('%s is near %s', (typed, meant) => {
  expect(
    nearest(
      typed,
      explanations.map(({ code }) => code),
    ),
  ).toContain(meant)
})

test('nothing is near a word of another kind', () => {
  expect(nearest('banana', ['C101', 'source/unreachable'])).toEqual([])
})
