import { describe, expect, test } from 'vitest'
import { Draft } from './rules/draft.ts'
import { everyRule } from './rules/every-rule.ts'
import type { Resource } from './stack.ts'

/** One test a rule: the stacks keep it, and it notices each way of breaking it. */
export function checkRules(applied: () => Promise<readonly Resource[]>) {
  test('every rule has a seed that breaks it, and a name of its own', () => {
    const rules = Object.values(everyRule).flat()
    expect(rules.filter(({ seeds }) => Object.keys(seeds).length === 0).map(({ name }) => name)).toEqual([])
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
    expect(rules.length).toBeGreaterThan(80)
  })

  describe.each(Object.entries(everyRule))('%s', (_, rules) => {
    test.each(rules.map((rule) => [rule.name, rule] as const))('%s', async (_name, { faults, seeds }) => {
      const resources = await applied()
      expect(faults(resources)).toEqual([])
      expect(faults(new Draft(resources).resources), 'nothing is broken by copying').toEqual([])
      const unnoticed = Object.entries(seeds).filter(([, seed]) => {
        const draft = new Draft(resources)
        seed(draft)
        return faults(draft.resources).length === 0
      })
      expect(unnoticed.map(([seed]) => seed)).toEqual([])
    })
  })
}
