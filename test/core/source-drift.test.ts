import { expect, test } from 'vitest'
import { driftKinds, driftToDo } from '../../core/source-drift.ts'

test('what is to do about drift names tables as each command takes them', () => {
  const names = { table: 'public.people', lake: 'hr.people' }
  const advices = Object.keys(driftKinds).map((operation) => driftToDo(operation, names))
  const taken = (command: string) =>
    new Set(
      advices.flatMap((advice) => new RegExp(`tidemark ${command} (\\S+\\.\\S+)`).exec(advice)?.[1] ?? []),
    )
  expect(taken('replay --table')).toEqual(new Set(['hr.people']))
  expect(taken('load start --tables')).toEqual(new Set(['public.people']))
  expect(taken('table add')).toEqual(new Set(['public.people']))
  for (const advice of advices) expect(advice).not.toMatch(/[{}]/)
})
