import { join } from 'node:path'
import { expect } from 'vitest'
import { col } from '../../core/contract/index.ts'
import { writeContracts } from '../local/recovery/carry-out.ts'
import { people } from '../local/recovery/kept-folder.ts'
import type { Follow } from './follow.ts'

const REDRIVE = 'test/local/operations/redrive.test.ts'

/** Failures of changes, which wait in quarantine. */
export const rowFailures = {
  'capture/undecodable': {
    test: REDRIVE,
    named:
      'records that could not be decoded are captured once they can be, twice without a trace; load rows stay',
  },
  'capture/no-position': { page: 'docs/04-sources.md', test: 'test/ingest/decode-dms.test.ts' },
  'capture/no-load': { page: 'docs/11-full-loads.md', test: 'test/ingest/decode-dms.test.ts' },
  'capture/page-too-large': {
    test: 'test/local/run/row-limit.test.ts',
    named: 'G5 G9: one limit for a row on every way; a larger one waits by its key, and its neighbours pass',
  },
  'capture/no-old-key': {
    test: 'test/local/run/watched-source.test.ts',
    named:
      'that leaves the key out is drift at its first row; such rows wait, and the table is loaded again when it is right',
  },
  'capture/other-table': {
    test: 'test/local/run/watched-source.test.ts',
    named: 'of two tables that are swapped never mix their rows, and both are loaded again',
  },
  'format/no-contract': {
    test: REDRIVE,
    named:
      'a change that no contract read goes to every contract there is, and waits for the one that refuses it',
  },
  'format/bad-value': {
    isLong: true,
    scenario: async ({ lab, type, follow }) => {
      const wider = {
        ...people,
        columns: { ...people.columns, pay: col.decimal(12, 2, 'Pay', { nullable: true }) },
      }
      await writeContracts(lab.root, { contracts: [wider], folder: 'wider' })
      const [, line = ''] = /(quarantine since .*)/.exec((await type('status')).printed) ?? []
      const [listed] = await follow(line)
      expect(listed?.printed).toContain('format/bad-value')
      const redriven = await type('quarantine', 'redrive', '--contracts', join(lab.root, 'wider'))
      expect(redriven.exit, redriven.printed).toBe(0)
      const { printed } = await type('status', '--audit')
      expect(printed).not.toContain('quarantine since')
      expect(printed).toContain('audit: nothing is missing')
    },
  },
  'format/check-failed': {
    test: 'test/e2e/repair.test.ts',
    named:
      'G1 G2 G7 changes that a contract refused are looked at, redriven and replayed once it is right, and the lake equals the source',
  },
  'format/missing-value': {
    test: REDRIVE,
    named: 'takes one table, one cause, one code or one entry, and leaves the rest',
  },
  'format/unknown-field': { nobody: 'the contract asked for it: either it or the source is meant to be so' },
  'format/row-too-large': {
    test: 'test/local/run/row-limit.test.ts',
    named: 'G5 G9: one limit for a row on every way; a larger one waits by its key, and its neighbours pass',
  },
  'landing/corrupt': {
    test: REDRIVE,
    named: 'an object that landing had set aside lands under its own name once it can be read',
  },
  'landing/foreign': {
    test: 'test/local/loads/load-life.test.ts',
    named: 'is set aside whole with its reason, and stops nothing',
  },
} as const satisfies Readonly<Record<string, Follow>>
