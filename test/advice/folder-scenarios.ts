import { join } from 'node:path'
import { expect } from 'vitest'
import { col } from '../../core/contract/index.ts'
import { writeContracts } from '../local/recovery/carry-out.ts'
import { damages, people } from '../local/recovery/kept-folder.ts'
import { damageItem, writeDocuments } from '../support/state-documents.ts'
import type { Place } from './advice-fixture.ts'
import { unrecordedBlock } from './damage.ts'
import type { Follow } from './follow.ts'
import { changesFile } from './lake-files.ts'

/** What `doctor` says of one check of the folder: its line, and the commands below it. */
async function checked({ type, dir }: Place, id: string) {
  const { printed } = await type('doctor')
  const [, glyph = '', message = '', fix = ''] =
    new RegExp(`^ *(\\S) ${id} +(.*)\\n((?: {8,}.*\\n)*)`, 'm').exec(printed) ?? []
  return { isFine: glyph === '✔', message, fix: fix.replaceAll(/ --contracts \S+/g, '').replaceAll(dir, dir) }
}

/** Rules of `doctor` about a folder. */
export const folderRuleScenarios: Readonly<Record<string, Follow>> = {
  'folder.files': {
    isLong: true,
    scenario: async (place) => {
      damageItem(place.dir, { table: 'catalog' })
      damageItem(place.dir, { table: 'ledger', pk: 'format' })
      const found = await checked(place, 'folder.files')
      expect(found.isFine).toBe(false)
      await place.follow(found.fix)
      expect((await checked(place, 'folder.files')).isFine).toBe(true)
      await place.isWhole()
    },
  },
  'folder.disk': {
    test: 'test/local/recovery/full-disk.test.ts',
    named: 'a run ends with the cause and the file, and goes on equal when there is room',
  },
  'folder.process': {
    kind: 'live',
    isLong: true,
    scenario: async (place) => {
      const found = await checked(place, 'folder.process')
      expect(found.isFine).toBe(false)
      await place.follow(
        found.fix.replace('postgres://…', place.lab.database.source.url).replace(/- or give.*/, ''),
      )
      await place.running(async () => {
        expect((await checked(place, 'folder.process')).isFine).toBe(true)
      })
    },
  },
  'folder.balance': {
    scenario: async (place) => {
      await unrecordedBlock(place.dir)
      await place.type('repair')
      const found = await checked(place, 'folder.balance')
      expect(found.message).toBe('does not balance: public.things')
      const [audit] = await place.follow(found.fix)
      await place.follow(/unbalanced (.*?) names/.exec(audit?.printed ?? '')?.[1] ?? '')
      await place.follow((audit?.printed ?? '').replace(/.*audit:/s, ''))
      expect((await checked(place, 'folder.balance')).isFine).toBe(true)
      await place.isWhole()
    },
  },
  'folder.proofs': {
    kind: 'live',
    isLong: true,
    scenario: async (place) => {
      await writeDocuments(place.dir, (documents) => documents.takeOut('proofs'))
      const found = await checked(place, 'folder.proofs')
      expect(found.message).toContain('never proven: hr.people, public.things')
      await place.follow(found.fix.replace('postgres://…', place.lab.database.source.url))
      expect((await checked(place, 'folder.proofs')).isFine).toBe(true)
    },
  },
  'folder.quarantine': {
    isLong: true,
    scenario: async (place) => {
      const found = await checked(place, 'folder.quarantine')
      expect(found.message).toContain('1 change in quarantine')
      await place.follow(found.fix)
      const pay = col.decimal(12, 2, 'Pay', { nullable: true })
      await writeContracts(place.lab.root, {
        contracts: [{ ...people, columns: { ...people.columns, pay } }],
        folder: 'wide',
      })
      await place.type('quarantine', 'redrive', '--contracts', join(place.lab.root, 'wide'))
      expect((await checked(place, 'folder.quarantine')).isFine).toBe(true)
    },
  },
  'folder.loads': {
    test: 'test/local/loads/load-life.test.ts',
    named: 'of a file that cannot be read fails with the file set aside whole, and resumed reads it anew',
  },
  'folder.compaction': {
    scenario: async (place) => {
      await damages['cut in half'](await changesFile(place.dir))
      await place.type('compact', '--table', 'public.things', '--rebuild')
      const found = await checked(place, 'folder.compaction')
      expect(found.isFine).toBe(false)
      await place.follow(/to do: (tidemark repair .*)/.exec(found.message)?.[1] ?? '')
      await place.follow(found.fix)
      expect((await checked(place, 'folder.compaction')).isFine).toBe(true)
      await place.isWhole()
    },
  },
  'folder.mask-key': {
    test: 'test/local/doctor/folder-rules.test.ts',
    named: 'a masking key that others can read is closed by the command that is printed',
  },
}
