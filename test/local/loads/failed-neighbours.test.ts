import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'
import { ended, ROWS, RunnerFixture } from './runner-fixture.ts'

/* What happens to each table once the first of the load is read, in the order in which they are read. */
const FATES = {
  dropped: 'DROP TABLE public.dropped',
  emptied: 'TRUNCATE public.emptied',
  hidden: 'ALTER TABLE public.hidden ENABLE ROW LEVEL SECURITY',
  keyless: 'ALTER TABLE public.keyless RENAME COLUMN id TO number',
  moved: 'CREATE SCHEMA other; ALTER TABLE public.moved SET SCHEMA other',
  narrowed: 'ALTER TABLE public.narrowed DROP COLUMN note',
  remade:
    'ALTER TABLE public.remade RENAME TO old; CREATE TABLE public.remade (LIKE public.old INCLUDING ALL)',
  renamed: 'ALTER TABLE public.renamed RENAME TO other_name',
  retyped: 'ALTER TABLE public.retyped ALTER n TYPE numeric(12, 2)',
  revoked: 'REVOKE SELECT ON public.revoked FROM reader',
  widened: "ALTER TABLE public.widened ADD more text NOT NULL DEFAULT 'm'",
} as const
const NAMES = ['a_first', ...Object.keys(FATES), 'z_last']

let scratch: Scratch
let stage: RunnerFixture

beforeAll(async () => {
  scratch = await openScratch(0o755)
  stage = await RunnerFixture.open(scratch, { names: NAMES, role: 'reader' })
})
afterEach(() => stage.stop())
afterAll(() => scratch.clear())

test('what becomes of a table during a load is a matter of that table: the others are loaded', async () => {
  let isDone = false
  const runner = await stage.running(async (step) => {
    if (step !== 'land' || isDone) return
    isDone = true
    for (const sql of Object.values(FATES)) await stage.client.query(sql)
  })
  const snapshot = await openSnapshot({ url: stage.url })
  const { id } = await runner.start({ tables: ['public.*'] }, snapshot)
  const { tables } = await ended(runner, id)
  const outcomes = Object.fromEntries(
    tables.map(({ table, state, rows, failure }) => [
      table.replace('public.', ''),
      state === 'complete' ? rows : failure?.code,
    ]),
  )
  expect(outcomes).toEqual({
    a_first: ROWS,
    z_last: ROWS,
    /* As they are now, in a snapshot of their own. */
    emptied: 0,
    narrowed: ROWS,
    retyped: ROWS,
    widened: ROWS,
    dropped: 'source/table-gone',
    moved: 'source/table-gone',
    renamed: 'source/table-gone',
    remade: 'source/table-gone',
    keyless: 'landing/corrupt',
    hidden: 'source/privilege',
    revoked: 'source/privilege',
  })
  const messageOf = (name: string) => tables.find(({ table }) => table === `public.${name}`)?.failure?.message
  expect(messageOf('dropped')).toBe(
    'public.dropped is not in the source any more: it was dropped, renamed or moved',
  )
  expect(messageOf('remade')).toBe(
    'public.remade is another table now: the one of before was dropped or renamed',
  )
  expect(messageOf('revoked')).toBe(
    'cannot read public.revoked: GRANT SELECT ON "public"."revoked" TO "reader";',
  )
  expect(messageOf('hidden')).toContain('public.hidden')
})
