import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seededDice } from '../../../local/sample/dice.ts'

it('repeats its rolls for the same seed, within their bounds', () => {
  fc.assert(
    fc.property(
      fc.bigInt(),
      fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 }),
      (seed, sides) => {
        const roll = () => {
          const dice = seededDice(seed)
          return sides.map((count) => dice.roll(count))
        }
        const rolled = roll()
        expect(roll()).toEqual(rolled)
        rolled.forEach((value, n) => {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThan(sides[n] ?? 0)
        })
      },
    ),
  )
})

it('gives the lanes uuids of their own halves', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.constantFrom(0, 1), (seed, lane) => {
      const uuid = seededDice(seed).uuid(lane)
      expect(uuid).toMatch(lane === 0 ? /^[0-7]/ : /^[89a-f]/)
      expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    }),
  )
})
