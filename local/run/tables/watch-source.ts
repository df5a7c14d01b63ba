import type { Table } from '../../../core/contract/language/table.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { groupBy } from '../../../core/group-by.ts'
import { isOver } from '../../../core/load/load.ts'
import type { Clock, Logger } from '../../../core/ports/ports.ts'
import { losesChanges } from '../../../core/source-drift.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import {
  hasKeyColumns,
  lookDifferences,
  troublesOf,
} from '../../../engine/postgres/catalog/look-differences.ts'
import { withReturned } from '../../../engine/postgres/catalog/returned-columns.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { lookAtSource, type SourceLook } from '../../../engine/postgres/catalog/source-look.ts'
import type { TableLook } from '../../../engine/postgres/catalog/table-look.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { successorDifferences } from '../../../engine/postgres/stream/definition-differences.ts'
import type { KnownTable, KnownTables } from '../../contracts/known-tables.ts'
import type { LoadRunner } from '../../loads/load-runner.ts'
import type { Drift } from '../../state/drift.ts'
import type { RunState } from '../../state/run-state.ts'

export interface WatchDeps {
  readonly source: Source
  readonly sources: () => readonly SourceTable[]
  readonly contracts: () => readonly Table[]
  readonly known: KnownTables
  readonly state: RunState
  readonly drift: Drift
  readonly loads: Pick<LoadRunner, 'loads' | 'start'>
  /** Has the source's changes sent anew from what is durable. */
  readonly resend: () => Promise<void>
  /** Follows the table that has a name now instead of the one that had it. */
  readonly rebind: (table: string) => Promise<void>
  readonly log: Logger
  readonly now: Clock
}

/**
 * Looks whether what a start checked still holds: a cheap reading of the source's catalog, compared with the last one. What
 * happened is drift of its table; where changes were not sent, or may not have been, the table is marked for another load,
 * durably, and loaded as soon as nothing stands in the way.
 */
export class SourceWatch {
  private readonly deps: WatchDeps
  /* By name, the OID of the table that could not be followed in the place of the one before: tried again when another one has the name. */
  private readonly refused = new Map<string, number>()

  /** Whether one look came to its end, loads asked for. */
  hasLooked = false
  private isAsked = false
  private isRepublished = false
  private isClosed = false
  private looking: Promise<void> | undefined

  constructor(deps: WatchDeps) {
    this.deps = deps
  }

  /**
   * Compares the source with the last look, and acts on it. Whoever asks while it looks has it look again behind that:
   * the source may have changed meanwhile. Throws `source/…` when the source cannot be asked.
   */
  look(): Promise<void> {
    this.isAsked = true
    this.looking ??= this.whileAsked().finally(() => {
      this.looking = undefined
    })
    return this.looking
  }

  private async whileAsked(): Promise<void> {
    try {
      while (this.isAsked && !this.isClosed) {
        this.isAsked = false
        await this.act(await this.observe())
      }
    } finally {
      this.hasLooked = true
    }
  }

  /** Looks no more; resolves when a look that runs has ended. Its run must not wait for it. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.looking?.catch(() => undefined)
  }

  /** Compares only: for when nothing is read yet. */
  async observe(): Promise<SourceLook> {
    const { sources, known } = this.deps
    const tables = sources()
    this.isRepublished = false
    known.follow(tables)
    const seen = await this.ask(tables)
    const keysOf = keysBySource(this.deps.contracts())
    for (const table of tables) await this.compare(table, seen, keysOf(sourceTableName(table)))
    await known.saved()
    return seen
  }

  private async act(seen: SourceLook): Promise<void> {
    const { sources, state } = this.deps
    const tables = sources()
    /* Some servers go on with what they thought of a publication until the end of a session (ADR 0033). */
    if (this.isRepublished) await this.deps.resend()
    await this.rebindAll(tables, seen)
    await this.reload(
      tables.filter((table) => state.data.loads[sourceTableName(table)]?.oid === table.oid),
      seen,
    )
  }

  private async ask(tables: readonly SourceTable[]): Promise<SourceLook> {
    const client = await connectSource(this.deps.source, { applicationName: 'tidemark look' })
    try {
      return await lookAtSource(client, this.deps.state.data.publication, tables)
    } finally {
      await closeClient(client)
    }
  }

  private async compare(
    table: SourceTable,
    { tables, holders }: SourceLook,
    keys: readonly (readonly string[])[],
  ): Promise<void> {
    const { known, now } = this.deps
    const name = sourceTableName(table)
    const kept = known.find(table)
    const before = kept?.look ?? undefined
    const after = tables.get(table.oid)
    const holder = holders.get(name)
    if (holder !== undefined && holder !== table.oid) {
      if (before !== undefined) await this.note(name, 'other-table')
      known.look(table, null)
      return
    }
    if (after === undefined) {
      if (before !== undefined) await this.note(name, 'table-gone')
      known.look(table, null)
      return
    }
    const found =
      kept === undefined || before === undefined
        ? new Set([...troublesOf(after, keys), ...this.newlyNamed(table)])
        : this.told(kept, before, after, lookDifferences(before, after, keys))
    /* Told once: the next change has the columns that the table had before. */
    if (found.has('column-returned')) known.alter(table)
    for (const operation of found) await this.note(name, operation)
    if (found.has('publication')) this.isRepublished = true
    const reason = this.lossOf(found, before, after, keys)
    if (reason !== undefined) await this.deps.state.markStale(name, reason, now())
    known.look(table, after)
  }

  /* What a look finds, and columns that have the name again that a contract reads. */
  private told(known: KnownTable, before: TableLook, after: TableLook, found: Iterable<string>) {
    const isRead = (column: string) => readsColumn(this.deps.contracts(), sourceTableName(known), column)
    const now = Object.values(after.columns)
    const told = withReturned(found, { before: Object.values(before.columns), after: now, isRead })
    /* In the last change that was read it had another name, and no change has come since. */
    const unseen = withReturned([], { before: known.columns, after: now, isRead })
    return new Set([...told, ...unseen])
  }

  /* How a table that took the name of another one differs from that. */
  private newlyNamed(table: SourceTable): readonly string[] {
    const before = this.deps.known.displaced([table]).at(-1)
    if (before === undefined) return []
    return successorDifferences(
      { ...before, definition: before.columns },
      { ...table, definition: table.columns },
    )
  }

  private async note(table: string, operation: string): Promise<void> {
    const { drift, log, now } = this.deps
    await drift.noteDefinition(table, operation, now())
    log.warn('source.drift', { table, operation })
  }

  /* Also while it lasts, and at its end: changes up to there may not have been sent. */
  private lossOf(
    found: ReadonlySet<string>,
    before: TableLook | undefined,
    after: TableLook,
    keys: readonly (readonly string[])[],
  ): string | undefined {
    const lasting = [...troublesOf(after, keys), ...(before === undefined ? [] : troublesOf(before, keys))]
    return [...found, ...lasting].find(losesChanges)
  }

  private async rebindAll(tables: readonly SourceTable[], { holders }: SourceLook): Promise<void> {
    for (const table of tables) {
      const name = sourceTableName(table)
      const holder = holders.get(name)
      if (this.refused.get(name) === holder) continue
      this.refused.delete(name)
      if (holder === undefined || holder === table.oid) continue
      try {
        await this.deps.rebind(name)
        this.deps.log.info('source.rebound', { table: name })
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        this.refused.set(name, holder)
        this.deps.log.warn('source.not-rebound', { table: name, code: error.code })
      }
    }
  }

  /* Once for each time that it was marked: a load that failed is for a person to look at. */
  private async reload(tables: readonly SourceTable[], { tables: seen }: SourceLook): Promise<void> {
    const { state, loads, log } = this.deps
    const keysOf = keysBySource(this.deps.contracts())
    const due = tables.map(sourceTableName).filter((name, index) => {
      const stale = state.data.loads[name]?.stale
      const look = seen.get(tables[index]?.oid ?? 0)
      if (stale === undefined || look === undefined || this.isTaken(name, stale.at)) return false
      const keys = keysOf(name)
      /* Under another name it is another table's, until it has its own again. */
      if (sourceTableName(look) !== name) return false
      return hasKeyColumns(Object.values(look.columns), keys) && troublesOf(look, keys).length === 0
    })
    if (due.length === 0) return
    try {
      const { id } = await loads.start({ tables: due })
      for (const name of due)
        log.info('source.reload', {
          table: name,
          reason: state.data.loads[name]?.stale?.reason ?? '',
          load: id,
        })
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      /* Another load of one of them has begun meanwhile: the next look tries again. */
      log.warn('source.not-reloaded', { code: error.code })
    }
  }

  private isTaken(name: string, since: string): boolean {
    return this.deps.loads
      .loads()
      .some(({ startedAt, tables }) =>
        tables.some(
          ({ table, state }) =>
            table === name && (!isOver(state) || (state !== 'complete' && startedAt > since)),
        ),
      )
  }
}

/** The key of each contract of a source table, as columns of the source. */
export function sourceKeys(contracts: readonly Table[], name: string): readonly (readonly string[])[] {
  return contracts.filter(({ source }) => source.table === name).map(sourceKey)
}

/** `sourceKeys` of one source table after another: the contracts are gone through once. */
export function keysBySource(contracts: readonly Table[]): (name: string) => readonly (readonly string[])[] {
  const bySource = groupBy(contracts, ({ source }) => source.table)
  return (name) => (bySource.get(name) ?? []).map(sourceKey)
}

function sourceKey({ primaryKey, columns }: Table): readonly string[] {
  return primaryKey.map((column) => columns[column]?.from ?? column)
}

/** Whether a contract of a source table reads a column of it. */
export function readsColumn(contracts: readonly Table[], table: string, column: string): boolean {
  return contracts.some(
    ({ source, columns }) =>
      source.table === table && Object.entries(columns).some(([name, { from }]) => (from ?? name) === column),
  )
}
