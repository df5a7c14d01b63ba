import { PipelineError } from '../../core/failures/failures.ts'
import { loadPrefix, type TableLoad } from '../../core/load/load.ts'
import { Mutex } from '../../core/mutex.ts'
import { oversizeEntry } from '../../core/ports/oversize-entry.ts'
import type {
  Clock,
  Logger,
  ObjectFiles,
  ObjectStore,
  QuarantineEntry,
  SqlEngine,
} from '../../core/ports/ports.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import type { LandedFile } from '../../engine/load-file/land-or-reject-file.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import type { KeptConnection } from '../../engine/postgres/connection/kept-connection.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { writeLoadFiles } from '../../engine/postgres/copy/write-load-files.ts'
import { openSnapshot, type Snapshot } from '../../engine/postgres/stream/snapshot.ts'
import { arrivedFile, bytesOf, rowsOf, rowsOfAll, unevenFile } from '../../ingest/loads/audit-table.ts'
import { type CompleteTableDeps, completeTable } from '../../ingest/loads/complete-table.ts'

export interface FileToLand {
  readonly load: string
  readonly key: string
  /** Source table. */
  readonly table: string
  readonly position: Position
  /** Day on which the reading began: the same each time the file is landed. */
  readonly ingestDate: string
}

export interface TableLoadDeps {
  readonly source: Source
  /** Reads one table after the other. */
  readonly connection: KeptConnection
  readonly epoch: number
  readonly load: string
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly files: ObjectFiles
  readonly engine: SqlEngine
  /** Gives the engines of the load the memory that a table with so many columns needs. */
  readonly makeRoom: (columns: number) => Promise<void>
  /** Lands one file; landing it again changes nothing. */
  readonly land: (file: FileToLand) => Promise<LandedFile>
  /** Puts what a load could not take into quarantine. */
  readonly refuse: (entry: QuarantineEntry) => Promise<void>
  /** Rows of history files, by their footers. */
  readonly rowsIn: (keys: readonly string[]) => Promise<number>
  readonly catalog: CompleteTableDeps['catalog']
  readonly settle: CompleteTableDeps['settle']
  /** Called with every durable step. */
  readonly save: (table: TableLoad) => Promise<void>
  /** Called with what changed since that a start need not know: it would read, or land, again. */
  readonly onProgress: (table: TableLoad) => void
  readonly log: Logger
  readonly now: Clock
  readonly signal: AbortSignal
  /** Bytes of COPY's text for each file; the writer's own when left out. */
  readonly fileBytes?: number
}

/**
 * Brings one table of a load from wherever it was left to `complete`: reads it as of a snapshot into files of the landing
 * prefix while they land, audits the counts, makes its position the floor. A table whose reading was cut off is read
 * again, as of a new snapshot, and so is one that was made anew at the source; one that was read goes on with the first
 * file that is not landed. Throws what the source and the stores throw, `load/audit`, and the signal's reason.
 */
export async function runTableLoad(
  given: TableLoad,
  table: SourceTable,
  deps: TableLoadDeps,
  shared?: Snapshot,
): Promise<void> {
  const run = new TableRun(given, deps)
  await deps.makeRoom(table.columns.length)
  const isRead = given.isRead && given.oid === table.oid
  if (!isRead) await run.read(table, shared)
  /* What was audited may have been compacted since: its files are no longer there to be counted. */
  if (!isRead || given.state !== 'audited') {
    await run.landRest()
    await run.audit()
  }
  await run.finish()
}

class TableRun {
  private current: TableLoad
  private readonly deps: TableLoadDeps
  private readonly saves = new Mutex()

  constructor(given: TableLoad, deps: TableLoadDeps) {
    this.current = given
    this.deps = deps
  }

  async read(table: SourceTable, shared: Snapshot | undefined): Promise<void> {
    const { source, connection, epoch, load, objects, files, engine, refuse, signal, now, fileBytes } =
      this.deps
    const prefix = loadPrefix(load, this.current.table)
    signal.throwIfAborted()
    /* Files of an attempt that was cut off are of another moment. */
    for (const key of await objects.list(`${prefix}/`)) await objects.delete(key)
    const snapshot = shared ?? (await openSnapshot(source))
    const position = loadPosition(epoch, snapshot.lsn)
    const failed = new AbortController()
    let landing = Promise.resolve()
    try {
      await this.update({
        state: 'loading',
        oid: table.oid,
        position,
        startedAt: new Date(now()).toISOString(),
        ...{ rows: 0, bytes: 0, isRead: false, files: [], failure: null, endedAt: null },
      })
      const { rows } = await writeLoadFiles(source, snapshot, table, {
        ...{ connection, engine, files, prefix, now },
        ...(fileBytes === undefined ? {} : { fileBytes }),
        signal: AbortSignal.any([signal, failed.signal]),
        onRows: (read, bytes) => this.show({ rows: read, bytes }),
        onOversize: async ({ members, bytes }) => {
          const change = { operation: 'load', position, committedAt: null, members } as const
          await refuse(oversizeEntry(this.current.table, change, { bytes, isKeyOnly: true }))
        },
        onFile: (file) => {
          this.show({ files: [...this.current.files, arrivedFile(file.key, file)] })
          /* Files land while the next one is read; a file that cannot land ends the reading. */
          landing = landing.then(() => this.landFile(file.key))
          landing.catch((error: unknown) => failed.abort(error))
        },
      })
      this.show({ isRead: true, rows, bytes: bytesOf(this.current.files) })
      /* One file is read again as fast as it lands. */
      if (this.current.files.length > 1) await this.save()
    } catch (error) {
      await landing
      throw error
    } finally {
      if (shared === undefined) await snapshot.close()
      await landing.catch(() => undefined)
    }
    await landing
  }

  async landRest(): Promise<void> {
    for (const { key, state } of this.current.files) if (state === 'arrived') await this.landFile(key)
    this.show({ state: 'landed' })
  }

  /* The source's own count, what landed and was refused, and what the history files say they hold. */
  async audit(): Promise<void> {
    const { table, rows, files } = this.current
    const inFiles = rowsOf(files)
    if (inFiles !== rows) throw unequal(table, `${rows} rows were read, ${inFiles} are in its files`)
    const uneven = unevenFile(this.current)
    if (uneven !== undefined) throw unequal(table, uneven)
    const history = files.flatMap((file) => file.history)
    const held = await this.deps.rowsIn(history).catch((cause: unknown) => {
      throw unequal(table, 'its history files cannot be counted', cause)
    })
    const landed = files.reduce((sum, file) => sum + rowsOfAll(file.landed), 0)
    if (held !== landed) throw unequal(table, `${landed} rows were landed, its history files hold ${held}`)
    await this.update({ state: 'audited' })
  }

  async finish(): Promise<void> {
    this.deps.signal.throwIfAborted()
    /* It was read as of a snapshot. */
    await this.update(await completeTable(this.current, { ...this.deps, isPlaceUnsure: false }))
  }

  private async landFile(key: string): Promise<void> {
    const { land, load, signal } = this.deps
    signal.throwIfAborted()
    const { table, position, startedAt } = this.current
    if (position === null || startedAt === null) throw new RangeError('a file of a load that was not read')
    const landed = await land({ load, key, table, position, ingestDate: startedAt.slice(0, 10) })
    this.show({
      files: this.current.files.map((file) =>
        file.key === key ? { ...file, ...landed, state: 'landed' } : file,
      ),
    })
    /* Of a table that is read again nothing is kept, and after the last file the audit saves all. */
    if (this.current.isRead && this.current.files.some(({ state }) => state === 'arrived')) await this.save()
  }

  private update(change: Partial<TableLoad>): Promise<void> {
    this.current = { ...this.current, ...change }
    return this.save()
  }

  private show(change: Partial<TableLoad>): void {
    this.current = { ...this.current, ...change }
    this.deps.onProgress(this.current)
  }

  /* What is newest when its turn comes. */
  private save(): Promise<void> {
    return this.saves.run(() => this.deps.save(this.current))
  }
}

function unequal(table: string, message: string, cause?: unknown): PipelineError {
  return new PipelineError('load/audit', `${table}: ${message}`, { cause })
}
