import { awsFailures } from './aws-failures.ts'
import { costFailures } from './cost-failures.ts'
import type { Failure } from './failure.ts'
import { sourceFailures } from './source-failures.ts'

/* A redrive reads what was captured, which no correction alters. */
const AT_THE_SOURCE =
  'A row that is corrected at the source comes right with its next change; what was refused waits until `tidemark quarantine expire` gives it up.'

/**
 * Every failure Tidemark can name. Codes are stable: log lines, quarantined changes and exit
 * messages carry them. `docs/failures.md` is generated from this table.
 */
export const failures = {
  'capture/undecodable': {
    action: 'quarantine',
    advice:
      'Look at the payload in quarantine: the source changed its envelope, or something else writes to the stream.',
  },
  'capture/no-position': {
    action: 'quarantine',
    advice:
      'The change has no place in the commit order. Of DMS: turn on IncludeTransactionDetails on the Kinesis endpoint. Of a DynamoDB stream: its sequence numbers have passed 2^100; tell the maintainers, the items are whole in quarantine.',
  },
  'capture/no-load': {
    action: 'quarantine',
    advice:
      'A row of a full load arrived while no load of its table is known. Start the load through Tidemark, so that its rows get a position.',
  },
  'capture/page-too-large': {
    action: 'quarantine',
    advice:
      'The values of one row are larger than 32 MiB as text, which no way takes; the entry has its key and its size. Make it smaller at the source, and it comes with its next change; with DMS, lower LobMaxSize. No contract makes it fit.',
  },
  'capture/no-old-key': {
    action: 'quarantine',
    advice:
      'The replica identity of the table leaves out columns of its key, so the update or delete does not say which row it was. Run `ALTER TABLE … REPLICA IDENTITY DEFAULT` at the source (of a partition: on the partition; FULL where the key of the contract is not the primary key); the table is then loaded again by itself, and what waited leaves quarantine.',
  },
  'capture/other-table': {
    action: 'quarantine',
    advice:
      'Another table of the source has taken the name, by a rename or a swap, so its change must not reach the rows of the first. The table that has the name now is loaded by itself, or by `tidemark table add`; then its changes that waited leave quarantine by themselves.',
  },
  'raw/corrupt': {
    action: 'halt',
    advice:
      'A raw page does not match its checksum. `tidemark status --audit` names it; `tidemark repair --page …` keeps it below `damaged/` and has its table loaded again, at once where a run is, else by the next one. Or restore `state.db` of the folder from a backup.',
  },
  'raw/unavailable': {
    action: 'retry',
    advice: 'The raw store cannot be written. Check disk space and permissions of the folder.',
  },
  'quarantine/unavailable': {
    action: 'retry',
    advice: 'Quarantine cannot be read or written. Check disk space and permissions of the folder.',
  },
  'format/no-contract': {
    action: 'quarantine',
    advice: 'No contract reads this source table. Write one (`tidemark contract infer`), then redrive.',
  },
  'format/bad-value': {
    action: 'quarantine',
    advice: `A value does not fit its column. Fix the contract, then redrive. ${AT_THE_SOURCE}`,
  },
  'format/check-failed': {
    action: 'quarantine',
    advice: `Two columns of the row contradict a check of the contract. Correct the check, then redrive. ${AT_THE_SOURCE}`,
  },
  'format/missing-value': {
    action: 'quarantine',
    advice: `A column that may not be null has no value. Fix the contract, then redrive. ${AT_THE_SOURCE}`,
  },
  'format/unknown-field': {
    action: 'quarantine',
    advice: 'The source has a column that the contract does not know, and the contract says to refuse it.',
  },
  'format/row-too-large': {
    action: 'quarantine',
    advice:
      'The row is larger than one delivery record may be. Drop or shorten the column in the contract, then redrive.',
  },
  'contract/invalid': { action: 'halt', advice: 'Correct the contract file at the place the message names.' },
  'landing/corrupt': {
    action: 'quarantine',
    advice:
      'A landed object cannot be read. It was set aside whole; its changes are still in the raw store, and `tidemark repair --object …` with the key of the object formats them again.',
  },
  'landing/foreign': {
    action: 'quarantine',
    advice:
      'A file lies among the load files and belongs to no load. It was set aside whole: start loads with `tidemark load start`.',
  },
  'lake/conflict': {
    action: 'retry',
    advice: 'A compaction of the table was published meanwhile. Run the command again.',
  },
  'lake/audit': {
    action: 'halt',
    advice:
      'A compaction wrote other rows than it should have, so it was not published; readers see the lake as it was. Run it again; if it fails again, check the disk and report the counts of the message.',
  },
  'lake/unreadable': {
    action: 'halt',
    advice:
      'A file of the lake is missing or damaged. `tidemark status --audit` names each such file and the command that makes it again: `tidemark compact --table … --rebuild` makes base of history, `tidemark repair --file …` makes history of the raw changes. Other tables are not concerned.',
  },
  'lake/engine-memory': {
    action: 'halt',
    advice:
      'A step on one table needs more memory than DuckDB may take; readers see the table as it was, and other tables are not concerned. Give it more: `tidemark compact --table … --memory <MB>`, for a proof fewer tables at a time; on AWS a function with more memory.',
  },
  'lake/base-lost': {
    action: 'halt',
    advice:
      'A file of base is gone or damaged, and base cannot be made again of history, for its older days were dropped (`--keep-history`). Read the table again, `tidemark load start --tables … --wait`; then `tidemark compact --table …`. Other tables are not concerned.',
  },
  'load/audit': {
    action: 'halt',
    advice:
      'The counts of a full load do not agree, so it was not completed; the table is as it was. Run `tidemark load resume <load>`, which reads it again.',
  },
  'load/not-found': {
    action: 'halt',
    advice: 'See `tidemark load status`, which lists the loads of the folder.',
  },
  'load/busy': {
    action: 'halt',
    advice: 'Wait for the other load of the table (`tidemark load watch`), or cancel it first.',
  },
  'ledger/corrupt': {
    action: 'halt',
    advice:
      'An item of the ledger is damaged. `tidemark repair`, and each start, writes the ledger anew from raw pages, the files of the lake and quarantine; the damaged one is kept below `damaged/`.',
  },
  'ledger/unavailable': {
    action: 'retry',
    advice:
      'The ledger cannot be reached. Check disk space and permissions of the folder; on AWS, the health of DynamoDB, the limits of the table and the network of the function.',
  },
  'ledger/too-large': {
    action: 'halt',
    advice:
      'Format made one page into more blocks than an item of the ledger holds, 3,000 at least. Fewer contracts on its table, or larger blocks, make fewer of them.',
  },
  ...sourceFailures,
  'proof/no-key': {
    action: 'halt',
    advice:
      'The source has no column any more that the contract has in its key: it was renamed or dropped. Renamed: give the column of the contract its new name with `from`. Another key: write a version with it and retire the one before (schemas/retired.json), for a load needs the key of every version. Then start with `--reload`; until then nothing of the table can be compared.',
  },
  'proof/unfinished': {
    action: 'retry',
    advice:
      'The time was over before the table was compared. Give it more (`--timeout`; on AWS more memory for the function), or prove fewer tables or a sample at once. A proof on AWS takes the table up again after the others.',
  },
  'postgres/start': { action: 'halt', advice: 'Read the server log named in the message.' },
  'postgres/unreachable-folder': {
    action: 'halt',
    advice:
      'PostgreSQL refuses to run as root, and the other user cannot reach this folder. Choose one that others may enter with --dir, or run Tidemark as a normal user.',
  },
  'postgres/unsupported-platform': {
    action: 'halt',
    advice:
      'No PostgreSQL binaries for this platform on npm. Point Tidemark at a server of your own: --source postgres://…',
  },
  'run/locked': {
    action: 'halt',
    advice: 'Another Tidemark runs in this folder. Stop it, or choose another folder with --dir.',
  },
  'run/not-found': {
    action: 'halt',
    advice:
      'There is no lake in this folder yet. Run `tidemark demo` or `tidemark dev` first, or name the folder with --dir.',
  },
  'run/not-running': {
    action: 'halt',
    advice:
      'This needs the running pipeline: start `tidemark dev` in another terminal, then repeat the command.',
  },
  'run/bad-folder': {
    action: 'halt',
    advice:
      'The folder was written by another version or another source. Choose a new one with --dir; if the source was restored from a dump, replaced or upgraded, run `tidemark dev --replaced`.',
  },
  'run/damaged': {
    action: 'halt',
    advice:
      'A file of the run folder is lost or damaged. `tidemark repair --dry-run` names each such file and what can be made again of the rest; `tidemark repair`, and each start, does it. What cannot be made again comes from a backup: docs/06-the-run-folder.md has a line for each file.',
  },
  'run/disk-full': {
    action: 'halt',
    advice:
      'The file system of the file named, or its quota, is full. Make room (`tidemark compact --keep-history`, a larger disk), then start again: a run ends cleanly, goes on where it was, and loses nothing. The source keeps its log for it meanwhile, so do not wait long.',
  },
  'run/not-writable': {
    action: 'halt',
    advice:
      'The file named may not be read or written: the file system is mounted read-only, or belongs to another user. Mount it for writing, or give the folder to the user that runs Tidemark (`chown -R`), then start again: a run goes on where it was.',
  },
  'run/too-many-files': {
    action: 'halt',
    advice:
      'The process has as many files open as it may. Raise its limit (`ulimit -n 8192`, LimitNOFILE of a service), then start again: a run goes on where it was.',
  },
  'run/disk-failed': {
    action: 'halt',
    advice:
      'The disk did not give or take the bytes of the file named. Look at the log of the system (`dmesg`). On a sound disk, `tidemark repair` and `tidemark status --audit` name what is damaged and make it again of the rest.',
  },
  'run/mask-key-changed': {
    action: 'halt',
    advice:
      'Put the key of the folder back, `keys/mask.hex`, from a backup: with another key every hash and token is another one. Without a backup start in a new folder (--dir), which masks every row with a key of its own.',
  },
  'run/contract-changed': {
    action: 'halt',
    advice:
      'The running Tidemark has the contract of its start. Stop it (Ctrl-C), start it again, then repeat the command.',
  },
  'run/contract-missing': {
    action: 'halt',
    advice:
      'Name the folder of the contracts that the run was started with (--contracts): without them the table would be inferred, and nothing of it masked. To go on without, choose a new folder with --dir.',
  },
  'run/failed': { action: 'halt', advice: 'The running Tidemark could not do it; its own output says why.' },
  'run/timeout': {
    action: 'halt',
    advice:
      'The pipeline did not catch up in time. Look at `tidemark status`, then try again with a longer --timeout.',
  },
  'query/invalid': {
    action: 'halt',
    advice: 'Correct the SQL. `tidemark query --tables` lists tables and columns.',
  },
  'query/refused': {
    action: 'halt',
    advice: 'Queries are read-only and see the lake only: no files, no network, no settings.',
  },
  'query/timeout': {
    action: 'halt',
    advice:
      'The query was stopped at its time limit. Narrow it, compact the table, or allow it more time (`--timeout`).',
  },
  'query/too-large': {
    action: 'halt',
    advice:
      'The query needs more memory than it may have. Ask for fewer columns or rows, aggregate before you sort or join, or take a part of the table at a time.',
  },
  'usage/invalid': { action: 'halt', advice: 'See `tidemark --help`.' },
  ...awsFailures,
  ...costFailures,
} as const satisfies Record<string, Failure>
