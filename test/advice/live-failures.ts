import { expect } from 'vitest'
import { col } from '../../core/contract/index.ts'
import { people } from '../local/recovery/kept-folder.ts'
import type { Follow } from './follow.ts'

const { id, mail, pay } = people.columns
const toDo = (printed: string) => printed.replace(/.*to do:/s, '')

/** Failures that the source is needed for. */
export const liveFailures = {
  'source/slot-ahead': {
    kind: 'live',
    isLong: true,
    scenario: async ({ lab, refused, follow, isEqual }) => {
      await lab.sql('update things set v = v where id = 1')
      await lab.sql("select pg_replication_slot_advance('tm_live', pg_current_wal_lsn())")
      await follow(toDo((await refused('dev')).printed))
      await isEqual()
    },
  },
  'run/not-running': {
    kind: 'live',
    isLong: true,
    scenario: async ({ refused, type, running }) => {
      await refused('load', 'start', '--tables', 'public.things')
      await running(async (run) => {
        const told = await type('load', 'start', '--tables', 'public.things', '--wait')
        expect(told.exit, told.printed).toBe(0)
        expect(await run.reconcile(AbortSignal.timeout(20_000))).toMatchObject({ equal: true })
      })
    },
  },
  'run/contract-changed': {
    kind: 'live',
    isLong: true,
    scenario: async ({ lab, refused, type, running, isEqual }) => {
      const note = col.string('A note', { nullable: true })
      await lab.write('noted', { ...people, columns: { id, mail, pay, note } })
      await running(async () => {
        lab.schemas = 'noted'
        await refused('replay', '--table', 'hr.people')
      })
      await running(async () => {
        const told = await type('replay', '--table', 'hr.people')
        expect(told.exit, told.printed).toBe(0)
      })
      await isEqual()
    },
  },
  'proof/no-key': {
    kind: 'live',
    isLong: true,
    scenario: async ({ lab, type, isEqual }) => {
      await lab.sql('alter table people rename id to person_id')
      const told = await type('dev')
      expect(told.printed).toContain('hr.people was not compared: proof/no-key')
      const { printed } = await type('status')
      expect(printed).toMatch(/not compared hr\.people .*to do: The source has no column any more/)
      const renamed = { ...id, from: 'person_id' }
      await lab.write('renamed', { ...people, columns: { ...people.columns, id: renamed } })
      lab.schemas = 'renamed'
      await isEqual('--reload')
      await lab.sql('alter table people rename person_id to id')
      lab.schemas = 'live-schemas'
      await isEqual('--reload')
    },
  },
} as const satisfies Readonly<Record<string, Follow>>
