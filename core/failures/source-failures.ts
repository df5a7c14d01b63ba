import type { Failure } from './failure.ts'

/** Failures of a source that is PostgreSQL, of what it allows and of what becomes of its tables. */
export const sourceFailures = {
  'source/unreachable': {
    action: 'retry',
    advice: 'Check host, port and network of the source, and that PostgreSQL is running.',
  },
  'source/pooler': {
    action: 'halt',
    advice:
      'Connect to PostgreSQL itself, by its own host and port (PgBouncer often has 6432, PostgreSQL 5432): a pooler hands one session to many clients and passes no replication on. Nothing was changed.',
  },
  'source/connections-exhausted': {
    action: 'retry',
    advice:
      'The server has no connection free for the role: see `select usename, count(*) from pg_stat_activity group by 1`, end some, or raise max_connections or the CONNECTION LIMIT of the role.',
  },
  'source/timeout': {
    action: 'retry',
    advice:
      'A limit of time at the server, or somebody, ended what Tidemark asked: its own sessions have no statement, idle or transaction timeout. Look for what cancels it (pg_cancel_backend, a watchdog, a lock that is held), then try again.',
  },
  'source/read-only': {
    action: 'halt',
    advice:
      'The server takes no writes: it is a standby, or it was made read-only. Name its primary with --source; Tidemark makes a publication and a replication slot there.',
  },
  'source/standby': {
    action: 'halt',
    advice: 'A standby before PostgreSQL 16 has no logical decoding. Name its primary with --source.',
  },
  'source/transaction-open': {
    action: 'retry',
    advice:
      'A slot begins when the transactions that are older have ended. The message has the SQL that names them, prepared ones too; end them (COMMIT, ROLLBACK, ROLLBACK PREPARED), then repeat.',
  },
  'source/query-failed': {
    action: 'retry',
    advice:
      'The server is there and refused a statement of Tidemark: look its SQLSTATE up in appendix A of the manual of PostgreSQL, and see the log of the server at that time.',
  },
  'source/temp-files': {
    action: 'retry',
    advice:
      'The temp_file_limit that the role has is smaller than what a statement of Tidemark sorts on disk, and no session may raise its own. As a superuser: `ALTER ROLE … SET temp_file_limit = -1;` (a limit of the whole server: a larger one), or give the role more memory for it: `ALTER ROLE … SET work_mem = …;`.',
  },
  'source/authentication': { action: 'halt', advice: 'Check user, password and pg_hba.conf of the source.' },
  'source/no-database': {
    action: 'halt',
    advice:
      'The server is there and has no database of the name that the message says: check the last part of the address; `psql -l` lists what it has.',
  },
  'source/tls': {
    action: 'halt',
    advice:
      'The certificate of the source is not of its host, or nobody in TIDEMARK_SOURCE_CA has signed it. Give the CA bundle of the server (RDS: global-bundle.pem) and the host name that the certificate has.',
  },
  'source/unsupported-version': { action: 'halt', advice: 'Tidemark needs PostgreSQL 12 or newer.' },
  'source/wal-level': {
    action: 'halt',
    advice:
      'Run `ALTER SYSTEM SET wal_level = logical` and restart PostgreSQL (on RDS: rds.logical_replication = 1 and a reboot).',
  },
  'source/privilege': {
    action: 'halt',
    advice:
      'Give the role what the message names: REPLICATION, SELECT on the tables, the right to create the publication; or the setting of the server that its HINT names.',
  },
  'source/no-tables': {
    action: 'halt',
    advice: 'No table matches. Check --tables: patterns are schema.table, * matches any name.',
  },
  'source/no-primary-key': {
    action: 'halt',
    advice:
      "Add a primary key of columns that are not generated, or leave the table out, `--tables 'sales.*' '!sales.clicks'`: without a key an update cannot be matched to its row.",
  },
  'source/not-logged': {
    action: 'halt',
    advice:
      'The log has nothing of the rows of an unlogged or foreign table or partition. Run ALTER TABLE … SET LOGGED, detach a foreign partition, or leave the table out with --tables.',
  },
  'source/deferrable-key': {
    action: 'halt',
    advice:
      'PostgreSQL takes a deferrable primary key for no replica identity, and under it two rows may share a key for a while. Make it immediate with the statements of the message, or leave the table out with --tables.',
  },
  'source/replica-identity': {
    action: 'halt',
    advice:
      'Updates and deletes of the table, or of one of its partitions, do not carry its primary key, or PostgreSQL refuses them once the table is published. Run the ALTER TABLE … REPLICA IDENTITY statement of the message, or leave the table out with --tables.',
  },
  'source/slot-foreign': {
    action: 'halt',
    advice:
      'A replication slot of this name belongs to something else. Choose another with --slot, or drop it if it is yours.',
  },
  'source/slot-in-use': {
    action: 'halt',
    advice: 'Another process reads the slot. Stop it, or choose another slot with --slot.',
  },
  'source/slot-lost': {
    action: 'halt',
    advice:
      'PostgreSQL no longer has the changes since the last acknowledgement. Run `tidemark dev --reload`: a new slot, every table loaded again, nothing deleted from history. On AWS: docs/runbooks/lost-slot.md.',
  },
  'source/slot-ahead': {
    action: 'halt',
    advice:
      'The slot was moved past what the folder has read: by another reader, by pg_replication_slot_advance, or the folder is an older copy. The changes between are gone. Run `tidemark dev --reload`: a new slot, every table loaded again, nothing deleted from history.',
  },
  'source/rewound': {
    action: 'halt',
    advice:
      'The source was restored: its log uses numbers again that were captured before. Run `tidemark dev --reload`: a new epoch, which outranks them, a new slot, every table loaded again. On AWS: docs/runbooks/restored-source.md.',
  },
  'source/slots-exhausted': {
    action: 'halt',
    advice:
      'Raise max_replication_slots and max_wal_senders, or drop slots that nobody uses (select * from pg_replication_slots).',
  },
  'source/protocol': {
    action: 'retry',
    advice: 'The replication stream broke off. Tidemark reconnects from the last durable position.',
  },
  'source/publication': {
    action: 'halt',
    advice:
      'The publication does not carry every change. Run the statement of the message as the owner of the tables.',
  },
  'source/table-busy': {
    action: 'retry',
    advice:
      'A transaction keeps the table locked: one that is to be added to the publication against writers, one that is to be loaded or compared against readers, as a migration does. The message has the SQL that names it; wait for it or end it, then repeat. Nothing was changed.',
  },
  'source/table-gone': {
    action: 'halt',
    advice:
      'The table was dropped, renamed or moved to another schema at the source; the others go on. The lake keeps its rows. The next start takes the tables of the source as they are then: under its new name it is a new table. What is to be left out is named with --tables.',
  },
  'source/unreadable-row': {
    action: 'halt',
    advice:
      'A row of the table is larger than PostgreSQL itself can send, 1 GB as text, or is damaged on its disk: nothing that reads the table whole can read it, and a change of such a row stops logical replication. The message has the SQL that lists the largest rows; make them smaller, or restore what is damaged, then `tidemark load resume`. The other tables go on.',
  },
  'source/table-changed': {
    action: 'retry',
    advice:
      'The table was altered or truncated, or got or lost a partition, while it was read: its rows as of before cannot be read any more. It is read again as of now, a bounded number of times; if that was not enough, repeat when the migration has ended.',
  },
} as const satisfies Record<string, Failure>
