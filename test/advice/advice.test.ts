import { afterAll, beforeAll, describe, test } from 'vitest'
import { isWhole, spread } from '../support/budget.ts'
import { AdviceFixture } from './advice-fixture.ts'
import { driftAdvice } from './drift-scenarios.ts'
import { followed } from './followed.ts'

let lab: AdviceFixture
beforeAll(async () => {
  lab = await AdviceFixture.open()
}, 180_000)
afterAll(() => lab?.close())

const all = Object.entries({ ...followed.folderRules, ...followed.failures, ...driftAdvice }).flatMap(
  ([name, follow]) =>
    'scenario' in follow && (follow.isLong !== true || isWhole()) ? [[name, follow] as const] : [],
)

/* One of each folder of rules, at the least; `npm run test:advice` follows them all. */
const scenarios = isWhole() ? all : spread(all, 8)

describe('what is printed, done to the letter, mends', () => {
  /* Starts of a run one after another, on a machine that may be busy. */
  test.each(scenarios)(
    '%s',
    async (name, { kind, scenario }) => {
      await scenario(await lab.place(name, kind))
    },
    180_000,
  )
})
