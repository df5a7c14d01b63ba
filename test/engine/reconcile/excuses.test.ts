import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { runs } from '../../support/budget.ts'
import {
  anyStory,
  type Damage,
  damageFiles,
  damages,
  GROUPS,
  groupOf,
  keyOf,
  lakeOf,
  look,
  removes,
  type Seen,
  type Story,
  storyOf,
  waitingOf,
} from './excuses-fixture.ts'

let root: string
let engine: DuckEngine
let lakes = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-excuses-'))
  engine = await DuckEngine.open({ temporary: join(root, 'spill') })
})

afterAll(async () => {
  engine.close()
  await rm(root, { recursive: true, force: true })
})

/* One key of each group. */
const anyDamage = fc.array(fc.record({ key: fc.nat(2), kind: fc.constantFrom(...damages) }), {
  minLength: GROUPS,
  maxLength: GROUPS,
})

/* Whether nothing but a change that waits can make the key differ as it does. */
function isNothingElse(id: number, story: Story, before: Seen, after: Seen): boolean {
  if ((after.shown.get(id) ?? 0) > 1) return false
  /* What a row of a later key lacks may have been brought by any change of the group that waits. */
  const group = story.sent.filter(({ keys }) => keys.some((key) => groupOf(key) === groupOf(id)))
  if (after.found.heldBackKeys.includes(keyOf(id))) return group.some(({ isAccepted }) => !isAccepted)
  if (after.shown.has(id)) return waitingOf(story, id).length > 0
  if (!before.shown.has(id)) return before.found.quarantinedKeys.includes(keyOf(id))
  /* A row that was shown was lost; without it the lake looks as if what made it had waited all along. */
  const [made] = waitingOf(story, id, (one) => removes(one, id))
  return made?.brings === id
}

test('G2 a change in quarantine excuses the row of its key as it was before, and no damage beside it', async () => {
  const told = { excused: 0, named: 0 }
  await fc.assert(
    fc.asyncProperty(anyStory, fc.integer({ min: 60, max: 100 }), anyDamage, async (story, cut, chosen) => {
      lakes += 1
      const at = { engine, root, name: `h.letters${lakes}` as const }
      const lake = await lakeOf(story, Math.floor((story.sent.length * cut) / 100), at)
      const before = await look(lake, at)
      expect(before.found.differences).toEqual([])
      told.excused += before.found.quarantinedKeys.length
      /* Rather a row of which a change waits: there is something to be excused wrongly. */
      const damage = new Map<number, Damage>(
        chosen.map(({ key, kind }, group) => {
          const ids = [0, 1, 2].map((one) => group * 3 + ((key + one) % 3) + 1)
          const isTempting = (id: number) => before.shown.has(id) && waitingOf(story, id).length > 0
          return [ids.find(isTempting) ?? group * 3 + key + 1, kind] as const
        }),
      )
      await damageFiles(lake, damage, at)
      const after = await look(lake, at)
      const named = new Set(after.found.differences.map(({ key }) => key))
      for (const { key } of after.differences) {
        const id = Number(key.slice(key.indexOf(':') + 1))
        const kind = damage.get(id)
        if (!isNothingElse(id, story, before, after))
          expect([key, kind, named.has(key)]).toEqual([key, kind, true])
        if (named.has(key)) told.named += 1
      }
    }),
    { numRuns: runs(3), endOnFailure: true },
  )
  expect(told.excused).toBeGreaterThan(0)
  expect(told.named).toBeGreaterThan(0)
})

const put = (id: number, isRefused = false) => ({ id, kind: 'put' as const, sendsText: true, isRefused })

test.each([
  ['a second row', [put(1)], [put(1, true)], 'twice', true],
  ['a row that is another one than before the change', [put(1)], [put(1, true)], 'altered', false],
  ['a row that is another one after the change', [put(1, true)], [put(1)], 'altered', true],
  ['a row that is gone and should be altered only', [put(1)], [put(1, true)], 'lost', true],
  ['a row that never came', [], [put(1, true)], 'lost', false],
  [
    'a row that came after its first change',
    [put(1, true), { ...put(1), kind: 'delete' as const }, put(1)],
    [],
    'lost',
    true,
  ],
  [
    'a row that the source does not have',
    [put(1), { ...put(1), kind: 'delete' as const }],
    [put(2, true)],
    'risen',
    true,
  ],
] as const)('G2 %s', async (_what, folded, fresh, damage, isNamed) => {
  lakes += 1
  const at = { engine, root, name: `h.letters${lakes}` as const }
  const story = storyOf([put(4), ...folded, ...fresh].map((one) => ({ to: 1, n: 1, ...one })))
  const lake = await lakeOf(story, 1 + folded.length, at)
  await damageFiles(lake, new Map([[1, damage]]), at)
  const { differences, found } = await look(lake, at)
  expect(differences.map(({ key }) => key)).toContain(keyOf(1))
  expect(found.differences.map(({ key }) => key)).toEqual(isNamed ? [keyOf(1)] : [])
})

test('G2 what another contract refuses excuses nothing', async () => {
  lakes += 1
  const at = { engine, root, name: `h.letters${lakes}` as const }
  const lake = await lakeOf(
    storyOf([
      { ...put(1), to: 1, n: 1 },
      { ...put(1, true), to: 1, n: 1 },
    ]),
    1,
    at,
  )
  expect((await look(lake, at)).found).toMatchObject({ different: 0, quarantinedKeys: [keyOf(1)] })
  expect((await look(lake, at, 2)).found).toMatchObject({ different: 1, quarantinedKeys: [] })
})
