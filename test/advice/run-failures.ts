import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { lockFolder } from '../../local/pipeline/folder-lock.ts'
import { damages, people } from '../local/recovery/kept-folder.ts'
import { damageDocument, damageItem } from '../support/state-documents.ts'
import type { Follow } from './follow.ts'
import { changesFile } from './lake-files.ts'

/** Failures of a run folder, and of what is asked of it. */
export const runFailures = {
  'raw/corrupt': {
    test: 'test/local/recovery/repair-run.test.ts',
    named: 'G1 a damaged page that format comes to next ends the run; repaired, the run goes on and is equal',
  },
  'ledger/corrupt': {
    test: 'test/local/recovery/damaged-folder.test.ts',
    named: 'of other bytes is named, kept and made again: query, quarantine and audit are equal',
  },
  'lake/unreadable': {
    isLong: true,
    scenario: async ({ dir, refused, follow, type, isWhole }) => {
      await damages['cut in half'](await changesFile(dir))
      await refused('compact', '--table', 'public.things', '--rebuild')
      const { printed } = await type('status', '--audit')
      await follow(printed.slice(printed.indexOf('audit:')))
      await type('compact', '--table', 'public.things', '--rebuild')
      await isWhole()
    },
  },
  'run/damaged': {
    scenario: async ({ dir, refused, follow, type, isWhole }) => {
      await damages['cut in half'](join(dir, 'status.json'))
      damageDocument(dir, 'proofs')
      const { printed } = await refused('status')
      const [named] = await follow(printed)
      expect(named?.printed).toMatch(
        /state\.db\/proofs[\s\S]*status\.json|status\.json[\s\S]*state\.db\/proofs/,
      )
      expect((await type('status')).exit).toBe(0)
      await isWhole()
    },
  },
  'run/locked': {
    scenario: async ({ dir, refused, type, isWhole }) => {
      const lock = await lockFolder(dir)
      await refused('repair')
      await lock.release()
      expect((await type('repair')).exit).toBe(0)
      await isWhole()
    },
  },
  'run/mask-key-changed': {
    scenario: async ({ dir, refused, restore, type, isWhole }) => {
      await writeFile(join(dir, 'keys/mask.hex'), '0'.repeat(64))
      await refused('replay', '--table', 'hr.people')
      await restore('keys/mask.hex')
      expect((await type('replay', '--table', 'hr.people')).exit).toBe(0)
      await isWhole()
    },
  },
  'run/not-found': {
    kind: 'empty',
    scenario: async ({ lab, refused, type }) => {
      await refused('status')
      expect((await type('status', '--dir', lab.kept)).exit).toBe(0)
    },
  },
  'load/not-found': {
    scenario: async ({ refused, follow, type }) => {
      const { printed } = await refused('load', 'watch', 'nothing')
      const [listed] = await follow(printed)
      const [id = ''] = /\d{8}T\d{6}-\w+/.exec(listed?.printed ?? '') ?? []
      expect((await type('load', 'watch', id)).exit).toBe(0)
    },
  },
  'contract/invalid': {
    scenario: async ({ lab, refused, type, isWhole }) => {
      const wrong = await lab.write('wrong', people)
      const file = join(wrong, 'hr/people/v1.ts')
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replace(/primaryKey: .*/, "primaryKey: ['none'],"))
      const { printed } = await refused('replay', '--table', 'hr.people', '--contracts', wrong)
      expect(printed).toContain('hr.people v1')
      expect((await type('replay', '--table', 'hr.people')).exit).toBe(0)
      await isWhole()
    },
  },
  'usage/invalid': {
    scenario: async ({ refused, follow }) => {
      await follow(
        (await refused('replay', '--table', 'no.table')).printed.replace(
          'tidemark --help',
          'tidemark explain usage/invalid',
        ),
      )
    },
  },
  'run/contract-missing': {
    isLong: true,
    scenario: async ({ dir, lab, type, refused, isWhole }) => {
      damageItem(dir, { table: 'catalog' })
      await mkdir(join(lab.root, 'none'), { recursive: true })
      await refused('repair', '--contracts', join(lab.root, 'none'))
      expect((await type('repair')).exit).toBe(0)
      await isWhole()
    },
  },
} as const satisfies Readonly<Record<string, Follow>>
