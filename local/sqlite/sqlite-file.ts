import { constants } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { makeFolder, syncFolder } from '../../engine/files/durable.ts'
import { isOfSqlite, sqliteFailure } from './sqlite-failure.ts'

/* "TDMF", and the version of the tables below. */
const APPLICATION = 0x54444d46
const VERSION = 3
/** Tables of the file: one for each store that is a table of DynamoDB on AWS, one for what is Glue's there, one for what is objects. */
const TABLES = ['raw', 'quarantine', 'ledger', 'catalog', 'documents'] as const
export type SqliteTable = (typeof TABLES)[number]

/* `seq` is never given twice: the feed of a table goes by it. */
const schemaOf = (table: string) => `
CREATE TABLE ${table} (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  pk TEXT NOT NULL,
  sk TEXT NOT NULL,
  attributes TEXT NOT NULL,
  digest TEXT NOT NULL,
  bytes_name TEXT,
  bytes_digest TEXT,
  bytes BLOB,
  UNIQUE (pk, sk)
) STRICT;`

const SCHEMA = `BEGIN; ${TABLES.map(schemaOf).join('')}
PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}; COMMIT`

/** How long another connection is waited for: a reader that opens the file after a kill, a checkpoint. */
const BUSY_MS = 10_000
const SCRUBS = 3
const checkpointAnswer = z.object({ busy: z.number() })

interface Job {
  /** Gives what tells its caller that it is durable. */
  readonly work: () => () => void
  readonly reject: (error: unknown) => void
}

/**
 * The SQLite file of a run folder: write-ahead log, every commit synced, mode 0600. One process writes, any number read
 * beside it. What is asked for in one turn of the event loop is committed together, with one sync.
 */
export class SqliteFile {
  readonly path: string
  readonly db: DatabaseSyncInstance
  private readonly isReader: boolean
  private waiting: Job[] = []

  private constructor(path: string, db: DatabaseSyncInstance, isReader: boolean) {
    this.path = path
    this.db = db
    this.isReader = isReader
  }

  /** Opens the file, or makes it. Throws `run/damaged`, and `run/bad-folder` for a file of another version. */
  static async open(path: string): Promise<SqliteFile> {
    if (!(await isThere(path))) await make(path)
    return SqliteFile.connect(path, false)
  }

  /** For a reader beside the process that writes; where nothing was ever written it reads nothing. */
  static async openBeside(path: string): Promise<SqliteFile> {
    if (await isThere(path)) return (await SqliteFile.readAlone(path)) ?? SqliteFile.connect(path, true)
    const db = new DatabaseSync(':memory:')
    db.exec(SCHEMA)
    return new SqliteFile(path, db, true)
  }

  /* Where nobody can write there is no writer, and no place for the files that readers share with one. */
  private static async readAlone(path: string): Promise<SqliteFile | undefined> {
    const isWritable = await access(dirname(path), constants.W_OK).then(
      () => true,
      () => false,
    )
    if (isWritable || (await isThere(`${path}-wal`))) return undefined
    return SqliteFile.connect(path, true, immutable(path))
  }

  private static connect(path: string, readOnly: boolean, address: string | URL = path): SqliteFile {
    let db: DatabaseSyncInstance | undefined
    try {
      db = new DatabaseSync(address, { readOnly, timeout: BUSY_MS })
      checkVersion(db, path)
      if (!readOnly) db.exec(PRAGMAS)
      return new SqliteFile(path, db, readOnly)
    } catch (error) {
      db?.close()
      throw sqliteFailure(error, path, 'ledger/unavailable')
    }
  }

  /** Does work in a transaction. What it did is durable when this resolves, and undone when this rejects. */
  commit<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const job = () => {
        const value = work()
        return () => resolve(value)
      }
      this.waiting.push({ work: job, reject })
      if (this.waiting.length === 1) setImmediate(() => this.commitWaiting())
    })
  }

  /** Makes what was deleted unreadable: it is neither in the file nor in its log any more. */
  scrub(): void {
    for (let attempt = 1; attempt <= SCRUBS; attempt += 1) {
      const answer = this.db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
      if (checkpointAnswer.parse(answer).busy === 0) return
    }
    throw new PipelineError('quarantine/unavailable', `${this.path} is being read without end`)
  }

  /** What was asked for before is durable when it resolves, and the file is whole without its log. */
  async close(): Promise<void> {
    this.commitWaiting()
    if (!this.db.isOpen) return
    /* The binding keeps a connection for as long as its statements live, and with it the log. */
    if (!this.isReader) this.fold()
    this.db.close()
  }

  /* A copy of one file is the whole then, and who only reads needs to write nothing. With a reader it waits for the next time. */
  private fold(): void {
    try {
      this.db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE')
    } catch (error) {
      if (!isOfSqlite(error)) throw error
    }
  }

  private commitWaiting(): void {
    const jobs = this.waiting.splice(0)
    if (jobs.length === 0) return
    try {
      this.db.exec('BEGIN IMMEDIATE')
      const told = jobs.map((job) => this.alone(job))
      this.db.exec('COMMIT')
      for (const tell of told) tell()
    } catch (error) {
      if (this.db.isOpen && this.db.isTransaction) this.db.exec('ROLLBACK')
      for (const { reject } of jobs) reject(error)
    }
  }

  /* What one job throws is its own, unless the file itself fails. */
  private alone({ work, reject }: Job): () => void {
    this.db.exec('SAVEPOINT job')
    try {
      const tell = work()
      this.db.exec('RELEASE job')
      return tell
    } catch (error) {
      if (isOfSqlite(error)) throw error
      this.db.exec('ROLLBACK TO job; RELEASE job')
      return () => reject(error)
    }
  }
}

function immutable(path: string): URL {
  const address = pathToFileURL(path)
  address.searchParams.set('immutable', '1')
  return address
}

/* Deleted content is overwritten: payloads of quarantine are personal data. */
const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON'

/* Beside its place, and renamed when it is whole: who sees the file sees its tables. */
async function make(path: string): Promise<void> {
  /* SQLite would take the log of a file that is lost for one of the new file. */
  if (await isThere(`${path}-wal`))
    throw new PipelineError('run/damaged', `${path} is lost, and its log is there`)
  await makeFolder(dirname(path))
  const draft = `${path}.tmp`
  for (const name of ['', '-wal', '-shm']) await rm(`${draft}${name}`, { force: true })
  await (await open(draft, 'wx', 0o600)).close()
  const db = new DatabaseSync(draft)
  try {
    db.exec('PRAGMA journal_mode = WAL')
    db.exec(SCHEMA)
  } catch (error) {
    throw sqliteFailure(error, path, 'ledger/unavailable')
  } finally {
    db.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

function checkVersion(db: DatabaseSyncInstance, path: string): void {
  const read = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get())[0])
  const [application, version] = [read('application_id'), read('user_version')]
  if (application !== APPLICATION || version !== VERSION)
    throw new PipelineError(
      'run/bad-folder',
      `${path} has the form ${application.toString(16)}/${version}, not ${APPLICATION.toString(16)}/${VERSION}. It stays as it is; load its tables into a new folder: tidemark dev --reload --dir <new folder>`,
    )
}

async function isThere(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  return found !== undefined
}
