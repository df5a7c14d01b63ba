import type { StatusLine } from '../../cli/view/status-table.ts'
import type { DriftOperation } from '../../core/source-drift.ts'
import type { Follow } from './follow.ts'

const WATCHED = 'test/local/run/watched-source.test.ts'
const INHERITED = 'test/engine/reconcile/inherited-quarantine.test.ts'
const MENDED = { test: WATCHED, named: 'is drift with a way on, and a load mends it' } as const

/** Lines of `status` below its table; a text in brackets is the scenario that does what they say. */
export const statusLineScenarios: Readonly<Record<StatusLine, Follow>> = {
  source: {
    test: 'test/local/run/away-source.test.ts',
    named: 'a failure that somebody must mend ends the run at once, and stays in its status',
  },
  'load failed': { test: 'test/local/loads/load-runner.test.ts', named: 'has too few rows' },
  unbalanced: { test: 'test/advice/folder-scenarios.ts', named: "'folder.balance'" },
  'not compared': { test: 'test/advice/live-failures.ts', named: "'proof/no-key'" },
  'not compacted': { test: 'test/advice/folder-scenarios.ts', named: "'folder.compaction'" },
  'held back': {
    test: INHERITED,
    named:
      'G2 a row that only a change in quarantine has whole is held back, never shown with a null, until the row comes',
  },
  quarantine: { test: 'test/advice/row-failures.ts', named: "'format/bad-value'" },
  drift: { test: 'test/advice/status-lines.ts', named: 'driftScenarios' },
  reload: {
    test: WATCHED,
    named: 'that was altered and put back while nobody looked has the table loaded again',
  },
  'left out': {
    test: 'test/engine/postgres/check-source.test.ts',
    named: 'but not for one name that is not there: the others go on',
  },
}

/** What is to do about each difference of the source. */
export const driftScenarios: Readonly<Record<DriftOperation, Follow>> = {
  'add-column': {
    test: 'test/local/operations/replay.test.ts',
    named: 'a column that the contract gained is filled from the past, and `_extra` has it no more',
  },
  'drop-column': { test: 'test/advice/drift-scenarios.ts', named: "'drop-column'" },
  'rename-column': { test: 'test/advice/drift-scenarios.ts', named: "'rename-column'" },
  'column-returned': {
    test: WATCHED,
    named: 'of a column that has its name again after rows came under another: the table is loaded again',
  },
  'column-type-change': { test: 'test/advice/drift-scenarios.ts', named: "'column-type-change'" },
  'change-columns': { test: 'test/advice/drift-scenarios.ts', named: "'change-columns'" },
  'rename-table': {
    test: 'test/local/run/backlog.test.ts',
    named: 'G1 a table that was renamed twice has each change under the name of its time',
  },
  'table-gone': { nobody: 'there is nothing to do' },
  'other-column': MENDED,
  'column-default': { test: 'test/advice/drift-scenarios.ts', named: "'column-default'" },
  'enum-label': { test: 'test/advice/drift-scenarios.ts', named: "'enum-label'" },
  'composite-type': MENDED,
  'domain-type': {
    nobody:
      'no statement alters the base type of a domain that a column has; the load is that of composite-type',
  },
  'row-security': {
    test: 'test/engine/postgres/check-source.test.ts',
    named: 'when row security would hide rows',
  },
  'replica-identity': {
    test: WATCHED,
    named:
      'that leaves the key out is drift at its first row; such rows wait, and the table is loaded again when it is right',
  },
  publication: {
    test: WATCHED,
    named: 'that filters rows is drift, and a start that puts nothing right does not hide it',
  },
  'unlogged-partition': { test: WATCHED, named: 'one that is not in the log is drift until it is' },
  'partition-attached': {
    test: WATCHED,
    named: 'one that is attached with rows has the table loaded again, one that is made in its place has not',
  },
  'partition-detached': {
    test: WATCHED,
    named: 'one that is detached or dropped takes its rows along, also while nothing runs',
  },
  'partition-truncated': {
    test: WATCHED,
    named: 'one that is truncated by itself is empty in the lake, too',
  },
  'other-table': {
    test: WATCHED,
    named: 'a table that is dropped and made again is followed as the new one',
  },
}
