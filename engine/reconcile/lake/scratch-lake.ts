import { link, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { printTableVersion, type TableVersion } from '../../../core/contract/language/table-version.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { ObjectFiles, ObjectStore } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { dayOf } from '../../../lake/compaction/plan/history-listing.ts'
import { filesOf } from '../../../lake/compaction/plan/retire-files.ts'
import type { OpenedTable, ReadableLake } from '../../../lake/readable-lake.ts'
import { usesBase } from '../../../lake/sql/current-select.ts'
import { isErrno } from '../../files/durable.ts'

export interface ScratchLakeDeps {
  /** The entry of a table as it is now. Throws `lake/unreadable`. */
  readonly entry: (table: TableVersion) => Promise<CatalogEntry>
  readonly objects: Pick<ObjectStore, 'list'>
  /** Copies of objects, bounded in bytes; `close` removes them. */
  readonly files: Pick<ObjectFiles, 'read'> & { close(): Promise<void> }
  /** A folder of this use alone, on the file system of the copies. */
  readonly folder: string
}

const COPIES_AT_ONCE = 16
/* Compactions that may take files away while one table is copied. */
const MAX_TRIES = 4

/**
 * Tables of a lake in a bucket, copied to a scratch folder under their keys: one table at a time, each file once. Throws
 * `objects/too-large` when a table does not fit, and `lake/conflict` when compactions since the position leave nothing
 * to read its state from.
 */
export class ScratchLake implements ReadableLake {
  private readonly deps: ScratchLakeDeps
  private readonly held = new Map<string, CatalogEntry>()
  private readonly linked = new Set<string>()
  private table = ''

  constructor(deps: ScratchLakeDeps) {
    this.deps = deps
  }

  /**
   * Remembers entries from before the position: their bases stand for no change after it, as one that is published
   * later may.
   */
  hold(entries: readonly CatalogEntry[]): void {
    for (const entry of entries) this.held.set(printTableVersion(entry.table), entry)
  }

  async open(table: TableVersion, asOf: Position, signal?: AbortSignal): Promise<OpenedTable> {
    if (printTableVersion(table) !== this.table) await this.release()
    this.table = printTableVersion(table)
    for (let tries = 1; ; tries += 1) {
      const entry = this.readable(await this.deps.entry(table), asOf)
      try {
        const keys = await this.keysOf(entry)
        await this.copy(keys, signal)
        /* DuckDB refuses a folder without files; of a replay that was given up a day may be left. */
        const days = new Set(keys.map(dayOf))
        const partitions = entry.partitions.filter((day) => days.has(day))
        return { entry: { ...entry, partitions }, root: this.deps.folder }
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        if (error.code === 'objects/too-large')
          throw new PipelineError('objects/too-large', `${this.table} does not fit into the scratch folder`, {
            cause: error,
          })
        if (error.code !== 'objects/missing' || tries === MAX_TRIES) throw error
        /* A compaction took files away after their grace period: of the base from before the position, too. */
        this.held.delete(this.table)
      }
    }
  }

  /** Removes all copies. */
  async release(): Promise<void> {
    this.linked.clear()
    this.table = ''
    await this.deps.files.close()
    await rm(this.deps.folder, { recursive: true, force: true })
  }

  /** The entry with a base that may stand for history up to the position, or without one where history is whole. */
  private readable(now: CatalogEntry, asOf: Position): CatalogEntry {
    if (now.base === null || usesBase(now, asOf)) return now
    const before = this.held.get(printTableVersion(now.table))
    const older = { ...now, base: before?.base ?? null }
    if (usesBase(older, asOf)) return older
    /* What was dropped below the last floor does not count any more. */
    const floor = now.floors.filter(({ position }) => position <= asOf).at(-1)?.position ?? ''
    if (now.base.historyFrom === null || floor > now.base.historyFrom) return now
    throw new PipelineError(
      'lake/conflict',
      `${this.table}: a compaction since the compared position took older history away`,
    )
  }

  private async keysOf({ table, partitions, base }: CatalogEntry): Promise<readonly string[]> {
    const days = new Set(partitions)
    const history = await this.deps.objects.list(`${table.location}/`)
    const shown = history.filter((key) => {
      const name = key.slice(key.lastIndexOf('/') + 1)
      return days.has(dayOf(key)) && key === `${table.location}/ingest_date=${dayOf(key)}/${name}`
    })
    return [...filesOf(base), ...shown]
  }

  private async copy(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const waiting = keys.filter((key) => !this.linked.has(key))
    const work = async () => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        signal?.throwIfAborted()
        await this.copyOne(key)
      }
    }
    const done = await Promise.allSettled(Array.from({ length: COPIES_AT_ONCE }, work))
    const failed = done.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await mkdir(this.deps.folder, { recursive: true })
  }

  private async copyOne(key: string): Promise<void> {
    if (key.split('/').includes('..')) throw new RangeError('not an object key')
    const path = join(this.deps.folder, key)
    const copy = await this.deps.files.read(key)
    await mkdir(dirname(path), { recursive: true })
    await link(copy, path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error
    })
    this.linked.add(key)
  }
}
