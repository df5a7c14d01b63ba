import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CheckState,
  examine,
  fail,
  ok,
  type Rule,
  refuse,
  refuseFirst,
  sql,
  step,
  unknown,
  warn,
  worst,
} from '../../core/check.ts'

const rules: readonly Rule<number>[] = [
  { id: 'a', title: 'odd', evaluate: (n) => (n % 2 === 1 ? ok('odd') : warn('even')) },
  {
    id: 'b',
    title: 'small',
    evaluate: (n) =>
      n < 10 ? ok('small') : refuse('source/privilege', 'large', sql('SELECT 1;'), step('then wait')),
  },
  { id: 'c', title: 'positive', evaluate: (n) => (n > 0 ? ok('positive') : fail('not positive')) },
]

test('a start stops at the first refusal, with what mends it, and at nothing less', () => {
  expect(() => refuseFirst(rules, 12)).toThrow(
    expect.objectContaining({ code: 'source/privilege', message: 'large: SELECT 1; then wait' }),
  )
  expect(() => refuseFirst(rules, -2)).not.toThrow()
})

test('what cannot be read leaves each of its checks unknown', async () => {
  const read = async () => 12
  expect((await examine(rules, read, () => unknown('?'))).map(({ id, state }) => [id, state])).toEqual([
    ['a', 'warn'],
    ['b', 'fail'],
    ['c', 'ok'],
  ])
  const broken = () => Promise.reject(new Error('denied'))
  const lacking = (error: unknown) => unknown(`not checked: ${error instanceof Error ? error.message : ''}`)
  expect(await examine(rules, broken, lacking)).toEqual(
    ['a', 'b', 'c'].map((id) => ({ id, state: 'unknown', message: 'not checked: denied', fix: [] })),
  )
})

test('the worst of states is one of them, whatever their order, and no better than any', () => {
  const order: readonly CheckState[] = ['ok', 'unknown', 'warn', 'fail']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...order), { minLength: 1 }), (states) => {
      const found = worst(states)
      expect(states).toContain(found)
      expect(worst(states.toReversed())).toBe(found)
      for (const state of states) expect(order.indexOf(state)).toBeLessThanOrEqual(order.indexOf(found))
    }),
  )
  expect(worst([])).toBe('ok')
})
