import { loadPrefix, type TableLoad } from '../../core/load/load.ts'
import type { Clock, ObjectStore } from '../../core/ports/ports.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import type { ArrivedFile, LandedFile } from '../../engine/load-file/land-or-reject-file.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import type { LoadFilesOptions } from '../../engine/postgres/copy/write-load-files.ts'
import type { Snapshot } from '../../engine/postgres/stream/snapshot.ts'
import { arrivedFile } from '../../ingest/loads/audit-table.ts'
import { type CompleteTableDeps, completeTable } from '../../ingest/loads/complete-table.ts'
import {
  audited,
  auditFailure,
  begun,
  counted,
  fileArrived,
  filesLanded,
  landedWhole,
  placed,
  readWhole,
} from '../../ingest/loads/table-steps.ts'

/** A file that was read; its day is that on which the reading began, the same each time it is landed. */
export type FileToLand = Omit<ArrivedFile, 'version'>

/** One reading of a table: of which moment, where its rows go and rank, and who is told of them. */
export interface TableReading
  extends Required<Pick<LoadFilesOptions, 'prefix' | 'signal' | 'onRows' | 'onFile'>> {
  readonly snapshot: Snapshot
  readonly position: Position
}

export interface TableLoadDeps extends Pick<CompleteTableDeps, 'catalog' | 'settle'> {
  readonly epoch: number
  readonly load: string
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  /** Gives the engines of the load the memory that a table with so many columns needs. */
  readonly makeRoom: (columns: number) => Promise<void>
  readonly openSnapshot: () => Promise<Snapshot>
  /** Reads a table whole, and resolves with how many rows are in its files. */
  readonly read: (table: SourceTable, reading: TableReading) => Promise<{ readonly rows: number }>
  /** Lands one file; landing it again changes nothing. */
  readonly land: (file: FileToLand) => Promise<LandedFile>
  /** Rows of history files, by their footers. */
  readonly rowsIn: (keys: readonly string[]) => Promise<number>
  /** Called with every durable step; steps become durable in the order of the calls. */
  readonly save: (table: TableLoad) => Promise<void>
  /** Called with what changed since that a start need not know: it would read, or land, again. */
  readonly onProgress: (table: TableLoad) => void
  readonly now: Clock
  readonly signal: AbortSignal
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
  if (!isRead || given.state !== 'audited') await run.landAndAudit()
  await run.finish()
}

class TableRun {
  private current: TableLoad
  private readonly deps: TableLoadDeps

  constructor(given: TableLoad, deps: TableLoadDeps) {
    this.current = given
    this.deps = deps
  }

  async read(table: SourceTable, shared: Snapshot | undefined): Promise<void> {
    const { epoch, load, objects, openSnapshot, read, signal, now } = this.deps
    const prefix = loadPrefix(load, this.current.table)
    signal.throwIfAborted()
    /* Files of an attempt that was cut off are of another moment. */
    for (const key of await objects.list(`${prefix}/`)) await objects.delete(key)
    const snapshot = shared ?? (await openSnapshot())
    const position = loadPosition(epoch, snapshot.lsn)
    const failed = new AbortController()
    let landing = Promise.resolve()
    try {
      await this.keep(begun(placed(this.current, { position, oid: table.oid, now: now() })))
      const { rows } = await read(table, {
        snapshot,
        position,
        prefix,
        signal: AbortSignal.any([signal, failed.signal]),
        onRows: (read, bytes) => this.show(counted(this.current, { rows: read, bytes })),
        onFile: (file) => {
          this.show(fileArrived(this.current, arrivedFile(file.key, file)))
          /* Files land while the next one is read; a file that cannot land ends the reading. */
          landing = landing.then(() => this.landFile(file.key))
          landing.catch((error: unknown) => failed.abort(error))
        },
      })
      this.show(readWhole(this.current, rows, now()))
      /* One file is read again as fast as it lands. */
      if (this.current.files.length > 1) await this.keep(this.current)
    } catch (error) {
      await landing
      throw error
    } finally {
      if (shared === undefined) await snapshot.close()
      await landing.catch(() => undefined)
    }
    await landing
  }

  async landAndAudit(): Promise<void> {
    for (const { key, state } of this.current.files) if (state === 'arrived') await this.landFile(key)
    this.show(landedWhole(this.current))
    const history = this.current.files.flatMap((file) => file.history)
    const held = await this.deps.rowsIn(history).catch((cause: unknown) => {
      throw auditFailure(this.current, 'its history files cannot be counted', cause)
    })
    await this.keep(audited(this.current, { kind: 'exact', held }))
  }

  async finish(): Promise<void> {
    this.deps.signal.throwIfAborted()
    /* It was read as of a snapshot. */
    await this.keep(await completeTable(this.current, { ...this.deps, isPlaceUnsure: false }))
  }

  private async landFile(key: string): Promise<void> {
    const { land, load, signal } = this.deps
    signal.throwIfAborted()
    const { table, position, startedAt } = this.current
    if (position === null || startedAt === null) throw new RangeError('a file of a load that was not read')
    const landed = await land({ load, key, table, position, ingestDate: startedAt.slice(0, 10) })
    this.show(filesLanded(this.current, [{ key, ...landed }]))
    /* Of a table that is read again nothing is kept, and after the last file the audit saves all. */
    const isWaited = this.current.files.some(({ state }) => state === 'arrived')
    if (this.current.isRead && isWaited) await this.keep(this.current)
  }

  private show(table: TableLoad): void {
    this.current = table
    this.deps.onProgress(table)
  }

  private keep(table: TableLoad): Promise<void> {
    this.current = table
    return this.deps.save(table)
  }
}
