import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Follow } from './follow.ts'

const STORES = {
  test: 'test/core/storage-failure.test.ts',
  named: 'deep below the general code of a store',
} as const
const BOUNDS =
  'G9 a query is ended at its time limit, and at what its process may hold, with a code of its own'
const DISK = 'test/local/recovery/full-disk.test.ts'
const LAKE = 'test/local/recovery/damaged-lake.test.ts'

/** Failures of stores, of compaction, of the local PostgreSQL and of queries, which other tests follow. */
export const otherFailures = {
  'raw/unavailable': STORES,
  'quarantine/unavailable': STORES,
  'ledger/unavailable': STORES,
  'lake/conflict': {
    test: 'test/lake/compaction/crash-anywhere.test.ts',
    named: 'G8 beside which another build was published is refused by the catalog',
  },
  'lake/audit': {
    test: 'test/lake/compaction/crash-anywhere.test.ts',
    named: 'G8 whose files are not what was staged is not published, and its files go',
  },
  'lake/engine-memory': {
    test: 'test/local/compaction/wide-compaction.test.ts',
    named:
      'G9 a table of 1,600 columns is compacted, rows with gaps too; one that memory does not hold says so',
  },
  'lake/base-lost': {
    test: LAKE,
    named:
      'where history was dropped the load that the audit asks for, done beside the run, leads to a clean audit',
  },
  'load/audit': { test: 'test/local/loads/load-runner.test.ts', named: 'has too few rows' },
  'load/busy': {
    test: 'test/e2e/load.test.ts',
    named:
      'G2: tables are loaded again from the command line while traffic goes on, compacted, and the lake is equal',
  },
  'postgres/start': { nobody: 'it says where the server writes why' },
  'postgres/unreachable-folder': {
    test: 'test/local/sample/start-postgres.test.ts',
    named: 'postgres/unreachable-folder',
  },
  'postgres/unsupported-platform': { nobody: 'this machine has a platform that npm has PostgreSQL for' },
  'run/bad-folder': {
    test: 'test/local/run/restored-source.test.ts',
    named: 'G2, G4: a reload outranks all that was captured of the hours that are gone',
  },
  'run/disk-full': {
    test: DISK,
    named: 'a run ends with the cause and the file, and goes on equal when there is room',
  },
  'run/not-writable': { test: DISK, named: 'read-only, what writes says so, and what reads goes on' },
  'run/too-many-files': { nobody: 'a limit of the process is set before it starts, and this process has it' },
  'run/disk-failed': { nobody: 'no disk of a test machine fails on purpose' },
  'run/failed': { nobody: 'it says where the reason is' },
  'run/timeout': {
    test: 'test/engine/reconcile/own-proof.test.ts',
    named: 'when the time is over the statement ends at the source, and the tables that are left are named',
  },
  'query/invalid': { test: 'test/e2e/query-bounds.test.ts', named: BOUNDS },
  'query/refused': {
    test: 'test/engine/duckdb/lake-sandbox.test.ts',
    named: 'refuses whatever is more than reading the lake, and no file is read, written or changed',
  },
  'query/timeout': { test: 'test/e2e/query-bounds.test.ts', named: BOUNDS },
  'query/too-large': { test: 'test/e2e/query-bounds.test.ts', named: BOUNDS },
  'cost/bad-file': { test: 'test/cli/cost.test.ts', named: 'what cannot be priced is said' },
  'cost/no-region': {
    test: 'test/cli/cost.test.ts',
    named: 'the same run with other volume, region, setup and prices',
  },
  'cost/nothing-metered': { test: 'test/cli/cost.test.ts', named: 'rows that nobody metered need no run' },
  'stack/unreadable': {
    kind: 'empty',
    scenario: async ({ lab, refused }) => {
      const file = join(lab.root, 'unreadable.json')
      await writeFile(file, 'Error: no outputs')
      await refused('quarantine', 'list', '--stack', file)
    },
  },
  'stack/incomplete': {
    kind: 'empty',
    scenario: async ({ lab, refused }) => {
      const file = join(lab.root, 'incomplete.json')
      await writeFile(file, '{"tidemark_data":{"value":{"region":"eu-west-1"}}}')
      expect((await refused('quarantine', 'list', '--stack', file)).printed).toContain('terraform output')
    },
  },
} as const satisfies Readonly<Record<string, Follow>>
