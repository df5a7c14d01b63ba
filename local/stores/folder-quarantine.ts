import { isSameOrNone, type TableVersion } from '../../core/contract/language/table-version.ts'
import { Mutex } from '../../core/mutex.ts'
import { type Item, put } from '../../core/ports/item-table.ts'
import type { Clock, Departure, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import { clusterIds } from '../../formatters/cluster-refusals.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { itemOfStored, type StoredEntry, storedEntryOf } from '../../state/quarantine/waiting-item.ts'
import type { SqliteItems } from '../sqlite/sqlite-items.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { StateFile } from '../state/state-file.ts'
import { type EntryCounts, nameOf, QuarantineTally } from './quarantine-tally.ts'

export interface FolderQuarantineOptions {
  readonly mode?: 'read' | 'write'
  readonly now?: Clock
}

/** An entry that waits, without its payload. */
type Header = Omit<WaitingEntry, 'payload'>

/* Of the entries that left, how many: an item for each table and contract. */
const LEFT = 'left'

/**
 * Quarantine in the state file of a run folder, which only its owner can read. Counts what waits and what left. Memory:
 * the entries that wait, without their payloads.
 */
export class FolderQuarantine extends ItemQuarantine {
  private readonly state: StateFile
  private readonly isOwner: boolean
  private readonly items: SqliteItems
  /** By id, in the order they came. */
  private readonly waiting = new Map<string, Header>()
  private readonly tally = new QuarantineTally()
  /* What another call is writing is counted when it is durable. */
  private readonly turn = new Mutex()
  private causes: ReadonlyMap<string, number> | undefined

  private constructor(
    state: StateFile,
    { now, isOwner }: { readonly now: Clock; readonly isOwner: boolean },
  ) {
    super({ table: state.quarantine, retentionDays: null, now })
    this.state = state
    this.isOwner = isOwner
    this.items = state.quarantine
  }

  /** Throws what `StateFile.open` throws, and `quarantine/unavailable` for what the system refuses then. */
  static async open(
    folder: Pick<RunFolder, 'items'>,
    { mode = 'write', now = Date.now }: FolderQuarantineOptions = {},
  ): Promise<FolderQuarantine> {
    const state = await StateFile.open(folder, mode)
    try {
      return await FolderQuarantine.looked(new FolderQuarantine(state, { now, isOwner: true }))
    } catch (error) {
      await state.close()
      throw error
    }
  }

  /** In a state file that somebody else closes. */
  static in(state: StateFile, now: Clock): Promise<FolderQuarantine> {
    return FolderQuarantine.looked(new FolderQuarantine(state, { now, isOwner: false }))
  }

  private static async looked(quarantine: FolderQuarantine): Promise<FolderQuarantine> {
    await quarantine.look()
    return quarantine
  }

  override put(entries: readonly QuarantineEntry[]): Promise<void> {
    return this.turn.run(() => super.put(entries))
  }

  override release(ids: readonly string[], how: Departure): Promise<void> {
    return this.turn.run(() => super.release(ids, how))
  }

  override purge(): Promise<void> {
    return this.turn.run(async () => {
      await super.purge()
      this.state.scrub()
    })
  }

  protected override async keep(item: Item, arrival: string): Promise<boolean> {
    const isKept = await super.keep(item, arrival)
    if (isKept) this.enter(storedEntryOf(item).entry)
    return isKept
  }

  /* With its count in one transaction: an entry that left is counted once, whatever stops. Memory follows what is durable. */
  protected override async leave(stored: StoredEntry, how: Departure): Promise<void> {
    const { entry } = stored
    const key = { pk: LEFT, sk: nameOf(entry.table ?? '', entry.contract) }
    await this.items.atomically(({ find, write }) => {
      write(put({ ...itemOfStored(stored), left: how }))
      write(put({ ...key, ...countsWith(find(key), entry, how) }))
    })
    this.waiting.delete(entry.id)
    this.causes = undefined
    this.tally.left(entry, how)
  }

  /** Reads every entry. Gives the names of those that are not what was written. */
  async *damaged(): AsyncGenerator<string> {
    for await (const { pk, sk } of this.items.damaged()) yield `${pk} ${sk}`
  }

  /** Whether an entry waits. */
  holds(id: string): boolean {
    return this.waiting.has(id)
  }

  /** What arrived from format for a source table and contract, and what became of it. */
  countOf(table: string, contract: TableVersion | null): EntryCounts {
    return this.tally.of(table, contract)
  }

  /** Positions of the changes that wait and that a contract refused. */
  positionsOf(contract: TableVersion): ReadonlySet<string> {
    return new Set(
      [...this.waiting.values()].flatMap((entry) =>
        isSameOrNone(entry.contract, contract) ? (entry.position ?? []) : [],
      ),
    )
  }

  /** Entries of each source table; those of no known table under ''. */
  countByTable(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { table } of this.waiting.values()) counts.set(table ?? '', (counts.get(table ?? '') ?? 0) + 1)
    return counts
  }

  /** Entries of each cause, by the id of its cluster; one with two causes counts in both. */
  countByCause(): ReadonlyMap<string, number> {
    if (this.causes !== undefined) return this.causes
    const counts = new Map<string, number>()
    for (const entry of this.waiting.values())
      for (const id of causesOf(entry)) counts.set(id, (counts.get(id) ?? 0) + 1)
    this.causes = counts
    return counts
  }

  /** Those that wait, in the order they came, without their payloads. */
  headers(): readonly Header[] {
    return [...this.waiting.values()]
  }

  /** When the oldest entry that waits came; undefined when none does. */
  oldest(): string | undefined {
    const [first] = this.waiting.values()
    return first?.since
  }

  close(): Promise<void> {
    return this.turn.run(async () => {
      if (this.isOwner) await this.state.close()
    })
  }

  private async look(): Promise<void> {
    const found: { readonly entry: Header; readonly arrival: string }[] = []
    for await (const item of this.items.every(true)) {
      this.arrivals += 1
      const { pk, sk, redriven, expired } = item
      if (pk === LEFT) this.tally.carry(sk, { redriven: Number(redriven), expired: Number(expired) })
      else if (sk === 'entry') {
        const stored = storedEntryOf(item)
        if (!stored.hasLeft) found.push(stored)
      }
    }
    found.sort((a, b) => (a.arrival < b.arrival ? -1 : 1))
    for (const { entry } of found) this.enter(entry)
  }

  private enter(entry: Header): void {
    this.waiting.set(entry.id, entry)
    this.causes = undefined
    this.tally.arrived(entry)
  }
}

/* The tally counts entries of format only. */
function countsWith(known: Item | undefined, { stage }: Header, how: Departure): Record<Departure, number> {
  const counts = { redriven: Number(known?.['redriven'] ?? 0), expired: Number(known?.['expired'] ?? 0) }
  return stage === 'format' ? { ...counts, [how]: counts[how] + 1 } : counts
}

/* Hashed once for each entry, however often it is counted. */
const known = new WeakMap<Header, readonly string[]>()

function causesOf(entry: Header): readonly string[] {
  const ids = known.get(entry) ?? clusterIds(entry)
  known.set(entry, ids)
  return ids
}
