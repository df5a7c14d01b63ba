import { expect } from 'vitest'
import { closeClient, connectSource } from '../../engine/postgres/connection/source-connection.ts'
import { toSourceError } from '../../engine/postgres/connection/source-error.ts'
import { asReader, refusal } from '../engine/postgres/source-server.ts'
import type { Follow } from './follow.ts'

const CHECK = 'test/engine/postgres/check-source.test.ts'
const EXAMINE = 'test/local/doctor/examine-source.test.ts'
const OWN_PROOF = 'test/engine/reconcile/own-proof.test.ts'
const RESTART = 'settings that need a restart: the statement is taken, and the restart makes it so'
const STANDBY = 'a standby and its primary are two servers; this test has one'

/** Failures of a source that other tests follow, or that one statement shows. */
export const sourceFollowed = {
  'source/unreachable': {
    test: 'test/local/run/away-source.test.ts',
    named: 'a source that goes away is waited for, and read on when it is back',
  },
  'source/pooler': {
    test: 'test/engine/postgres/source-session.test.ts',
    named: 'that would %s what a session needs is named',
  },
  'source/connections-exhausted': {
    scenario: async ({ lab }) => {
      const source = await asReader(lab.database, 'alter role reader connection limit 0')
      expect((await refusal(connectSource(source))).code).toBe('source/connections-exhausted')
      await lab.sql('alter role reader connection limit 5')
      await closeClient(await connectSource(source))
    },
  },
  'source/timeout': { nobody: 'what ended the statement is gone when it is read; the next try is the same' },
  'source/read-only': { nobody: STANDBY },
  'source/standby': { nobody: STANDBY },
  'source/transaction-open': {
    test: 'test/engine/postgres/standby-waits.test.ts',
    named: 'a prepared transaction that a slot waits for is found by the SQL of the message',
  },
  'source/query-failed': { nobody: 'it says where to look the SQLSTATE up' },
  'source/temp-files': {
    scenario: async ({ lab }) => {
      const source = await asReader(lab.database, 'alter role reader set temp_file_limit = 0')
      const sorted = async () => {
        const client = await connectSource(source)
        const sql =
          'select count(*) from (select i from generate_series(1, 200000) i order by md5(i::text)) s'
        return client
          .query(sql)
          .catch((cause: unknown) => {
            throw toSourceError(cause, 'no')
          })
          .finally(() => closeClient(client))
      }
      expect((await refusal(sorted())).code).toBe('source/temp-files')
      await lab.sql('alter role reader set temp_file_limit = -1')
      await sorted()
    },
  },
  'source/authentication': {
    test: CHECK,
    named: 'when the password is wrong, and no message holds it',
  },
  'source/no-database': { test: CHECK, named: 'when the database is not there, by its name' },
  'source/tls': {
    test: 'test/engine/postgres/source-tls.test.ts',
    named: 'G7 a certificate must be signed by the CA that is given, and be of the host',
  },
  'source/unsupported-version': { nobody: 'npm has no PostgreSQL before 12' },
  'source/wal-level': { test: EXAMINE, named: RESTART },
  'source/privilege': { test: CHECK, named: 'when the role may not read a table, with the grants' },
  'source/no-tables': { test: CHECK, named: 'when no table matches, or a table that was named is not there' },
  'source/no-primary-key': {
    test: EXAMINE,
    named: 'a table without a primary key, with the columns of the key filled in',
  },
  'source/not-logged': { test: CHECK, named: 'but not for one name that is not there: the others go on' },
  'source/deferrable-key': {
    test: 'test/engine/majors/odd-tables.test.ts',
    named: 'what is printed is taken by the server, breaks no write, and mends',
  },
  'source/replica-identity': { test: CHECK, named: 'when updates would not carry the primary key' },
  'source/slot-foreign': { test: EXAMINE, named: 'a slot that this folder does not know' },
  'source/slot-in-use': {
    test: CHECK,
    named: 'that is read is in use while its reader lives, and freed when its reader is dead',
  },
  'source/slot-lost': {
    test: 'test/e2e/own-source.test.ts',
    named: 'a lost slot is named, and --reload makes the lake equal again without it',
  },
  'source/rewound': {
    test: 'test/local/run/restored-source.test.ts',
    named: 'G2, G4: a reload outranks all that was captured of the hours that are gone',
  },
  'source/slots-exhausted': { test: EXAMINE, named: RESTART },
  'source/protocol': {
    test: 'test/engine/postgres/stream-delivery.test.ts',
    named: 'is source/unreachable, and a resumed stream repeats the same bytes',
  },
  'source/publication': {
    test: EXAMINE,
    named: 'a publication that leaves rows and kinds of changes out',
  },
  'source/table-busy': {
    test: 'test/engine/postgres/source-setup.test.ts',
    named: 'does not grow by a table that a transaction has written to, and names that transaction',
  },
  'source/table-gone': {
    test: 'test/local/run/backlog.test.ts',
    named: 'G1 a table that was renamed twice has each change under the name of its time',
  },
  'source/unreadable-row': {
    test: 'test/engine/postgres/load-failures.test.ts',
    named: 'at a row that PostgreSQL cannot read says how to find it',
  },
  'source/table-changed': {
    test: OWN_PROOF,
    named:
      'G2 what was rewritten after the snapshot is read in a newer one, and nothing of it is healed away',
  },
  'proof/unfinished': {
    test: OWN_PROOF,
    named: 'when the time is over the statement ends at the source, and the tables that are left are named',
  },
} as const satisfies Readonly<Record<string, Follow>>
