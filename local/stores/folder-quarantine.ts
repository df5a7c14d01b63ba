import { rename, rm } from 'node:fs/promises'
import type { Clock, Departure, Quarantine, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import { clusterIds } from '../../formatters/cluster-refusals.ts'
import type { Frame, FrameLog } from '../logs/frame-log.ts'
import type { Arrival, FrameHeader } from './quarantine-frame.ts'
import { finishPurge, openBeside, openLog, unavailable, unreadable } from './quarantine-log.ts'
import { type EntryCounts, QuarantineTally } from './quarantine-tally.ts'

const NOTHING = Buffer.alloc(0)
const COPY_ENTRIES = 1_000
const COPY_BYTES = 8 << 20

export interface FolderQuarantineOptions {
  readonly mode?: 'read' | 'write'
  readonly now?: Clock
}

/**
 * Quarantine on a folder that only its owner can read: a frame log of arrivals and departures. Keeps the guarantees
 * of `Quarantine`.
 */
export class FolderQuarantine implements Quarantine {
  private readonly folder: string
  private readonly now: Clock
  private log: FrameLog<FrameHeader>
  /** Frame of each entry that waits, by id, in the order they came. */
  private waiting: Map<string, number>
  private tally: QuarantineTally
  private turn: Promise<unknown> = Promise.resolve()
  /** A purged log is whole and has not taken the place of the old one yet. */
  private isSwapping = false
  private causes: {
    readonly log?: FrameLog<FrameHeader>
    readonly length: number
    readonly counts: ReadonlyMap<string, number>
  } = { length: 0, counts: new Map() }

  private constructor(folder: string, log: FrameLog<FrameHeader>, now: Clock) {
    this.folder = folder
    this.log = log
    this.now = now
    ;[this.waiting, this.tally] = stateOf(log)
  }

  static async open(
    folder: string,
    { mode = 'write', now = Date.now }: FolderQuarantineOptions = {},
  ): Promise<FolderQuarantine> {
    if (mode === 'read') return new FolderQuarantine(folder, await openBeside(folder), now)
    await finishPurge(folder)
    return new FolderQuarantine(folder, await openLog(folder, mode), now)
  }

  put(entries: readonly QuarantineEntry[]): Promise<void> {
    return this.inTurn(async () => {
      const fresh = new Map(
        entries.flatMap((entry) => (this.waiting.has(entry.id) ? [] : [[entry.id, entry] as const])),
      )
      const since = new Date(this.now()).toISOString()
      await this.append(
        [...fresh.values()].map(({ payload, ...header }) => ({
          header: { ...header, kind: 'entry' as const, since, reasons: [...header.reasons] },
          content: Buffer.from(payload),
        })),
      )
    })
  }

  release(ids: readonly string[], how: Departure): Promise<void> {
    return this.inTurn(async () => {
      const leaving = ids.filter((id) => this.waiting.has(id))
      if (leaving.length === 0) return
      const at = new Date(this.now()).toISOString()
      await this.append([{ header: { kind: 'left', at, how, ids: leaving }, content: NOTHING }])
    })
  }

  async *list(filter: { readonly table?: string } = {}): AsyncIterable<WaitingEntry> {
    /* By id, and each in turn: a purge meanwhile moves every entry to another place. */
    for (const id of [...this.waiting.keys()]) {
      const header = this.log.header(this.waiting.get(id) ?? -1)
      if (header?.kind !== 'entry' || (filter.table !== undefined && header.table !== filter.table)) continue
      const entry = await this.inTurn(() => this.entry(id))
      if (entry !== undefined) yield entry
    }
  }

  private async entry(id: string): Promise<WaitingEntry | undefined> {
    const index = this.waiting.get(id)
    if (index === undefined) return undefined
    const { header, content } = await this.log.read(index).catch(unreadable)
    if (header.kind !== 'entry') return undefined
    const { kind: _, ...entry } = header
    return { ...entry, payload: content.toString('utf8') }
  }

  /** Reads every entry. Gives the frames that are not what was written, and the file of each. */
  damaged(): AsyncIterable<{ readonly index: number; readonly file: string }> {
    return this.log.damaged()
  }

  /** Whether an entry waits. */
  holds(id: string): boolean {
    return this.waiting.has(id)
  }

  /** What arrived from format for a source table and contract, and what became of it. */
  countOf(table: string, contract: string | null): EntryCounts {
    return this.tally.of(table, contract)
  }

  /** Positions of the changes that wait and that a contract, `name vN`, refused. */
  positionsOf(contract: string): ReadonlySet<string> {
    return new Set(
      this.arrivals().flatMap((entry) => (entry.contract === contract ? (entry.position ?? []) : [])),
    )
  }

  /** Entries of each source table; those of no known table under ''. */
  countByTable(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { table } of this.arrivals()) counts.set(table ?? '', (counts.get(table ?? '') ?? 0) + 1)
    return counts
  }

  /** Entries of each cause, by the id of its cluster; one with two causes counts in both. */
  countByCause(): ReadonlyMap<string, number> {
    const { log } = this
    if (this.causes.log === log && this.causes.length === log.length) return this.causes.counts
    const counts = new Map<string, number>()
    for (const entry of this.arrivals())
      for (const id of causesOf(entry)) counts.set(id, (counts.get(id) ?? 0) + 1)
    this.causes = { log, length: log.length, counts }
    return counts
  }

  /** Those that wait, in the order they came, without their payloads. */
  arrivals(): readonly Arrival[] {
    return [...this.waiting.values()].flatMap((index) => {
      const header = this.log.header(index)
      return header?.kind === 'entry' ? [header] : []
    })
  }

  /** When the oldest entry that waits came; undefined when none does. */
  oldest(): string | undefined {
    const [first] = this.waiting.values()
    const header = first === undefined ? undefined : this.log.header(first)
    return header?.kind === 'entry' ? header.since : undefined
  }

  /* The entries that wait go into a new log, which takes the old one's place; `finishPurge` knows every moment between. */
  purge(): Promise<void> {
    return this.inTurn(async () => {
      const draft = `${this.folder}.draft`
      await rm(draft, { recursive: true, force: true })
      const next = await openLog(draft, 'write')
      try {
        await this.copyWaiting(next)
      } finally {
        await next.close()
      }
      await rename(draft, `${this.folder}.next`)
      this.isSwapping = true
      await this.swap()
    })
  }

  private async copyWaiting(next: FrameLog<FrameHeader>): Promise<void> {
    let batch: Frame<FrameHeader>[] = [{ header: this.tally.carried(), content: NOTHING }]
    let bytes = 0
    for (const index of this.waiting.values()) {
      const frame = await this.log.read(index)
      batch.push(frame)
      bytes += frame.content.length
      if (bytes < COPY_BYTES && batch.length < COPY_ENTRIES) continue
      await next.append(batch)
      batch = []
      bytes = 0
    }
    await next.append(batch)
  }

  private async swap(): Promise<void> {
    await this.log.close()
    await finishPurge(this.folder)
    this.log = await openLog(this.folder, 'write')
    ;[this.waiting, this.tally] = stateOf(this.log)
    this.isSwapping = false
  }

  close(): Promise<void> {
    return this.inTurn(() => this.log.close())
  }

  private async append(frames: readonly { header: FrameHeader; content: Buffer }[]): Promise<void> {
    const first = this.log.length
    await this.log.append(frames).catch(unavailable)
    for (const [offset, { header }] of frames.entries())
      account(this.log, [this.waiting, this.tally], header, first + offset)
  }

  /* One after another: an entry that another call is writing is known only when it is durable. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(async () => {
      /* A swap that failed half-way comes first: what went into the old log now would be lost with it. */
      if (this.isSwapping) await this.swap()
      return work()
    })
    this.turn = done.catch(() => undefined)
    return done
  }
}

/* Hashed once for each entry, however often it is counted. */
const known = new WeakMap<Arrival, readonly string[]>()

function causesOf(header: Arrival): readonly string[] {
  const ids = known.get(header) ?? clusterIds(header)
  known.set(header, ids)
  return ids
}

type State = [waiting: Map<string, number>, tally: QuarantineTally]

function stateOf(log: FrameLog<FrameHeader>): State {
  const state: State = [new Map(), new QuarantineTally()]
  for (const [index, header] of log.headers().entries()) account(log, state, header, index)
  return state
}

function account(
  log: FrameLog<FrameHeader>,
  [waiting, tally]: State,
  header: FrameHeader,
  index: number,
): void {
  if (header.kind === 'carried') tally.carry(header)
  if (header.kind === 'entry') {
    waiting.set(header.id, index)
    tally.arrived(header)
  }
  if (header.kind !== 'left') return
  for (const id of header.ids) {
    const entry = log.header(waiting.get(id) ?? -1)
    if (waiting.delete(id) && entry?.kind === 'entry') tally.left(entry, header.how)
  }
}
