import { PipelineError } from '../../core/failures/failures.ts'
import type { PageRecord } from '../../core/ledger/ledger.ts'
import type { Delivery, Ledger, Quarantine } from '../../core/ports/ports.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { pageRecord } from '../../formatters/page-record.ts'
import type { Router } from '../../formatters/route.ts'
import { readCheckpoint, writeCheckpoint } from '../state/checkpoint.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'

export interface FormatLoopDeps {
  readonly raw: FolderRawStore
  readonly quarantine: Pick<Quarantine, 'put'>
  /** Whether quarantine has an entry that waits. */
  readonly isWaiting: (id: string) => boolean
  /** `settled` is told of every checkpoint that is on disk. */
  readonly ledger: Pick<Ledger, 'formatted'> & { readonly settled: (pages: number) => void }
  readonly delivery: Delivery
  readonly route: Router
  /** Told of source fields that a contract kept in `_extra`. */
  readonly unknownFields?: (table: string, names: ReadonlySet<string>) => Promise<void>
  /** File of the checkpoint. */
  readonly checkpoint: string
}

/* Blocks of pages that delivery has not made durable yet; past this the loop waits. */
const MAX_IN_FLIGHT_BYTES = 64 << 20

interface InFlight {
  readonly pages: number
  readonly record: PageRecord
  readonly bytes: number
  readonly durable: Promise<void>
}

/**
 * Formats the pages of the raw store in the order they came, as the format Lambda does on the store's stream. Its
 * checkpoint follows what is durable downstream; after a crash the pages behind it are formatted again (G3, G10).
 */
export class FormatLoop {
  private readonly deps: FormatLoopDeps
  private next: number
  private done: number
  private inFlight: InFlight[] = []
  private inFlightBytes = 0
  formattedChanges = 0

  private constructor(deps: FormatLoopDeps, done: number) {
    this.deps = deps
    this.next = done
    this.done = done
  }

  /** Goes on at the checkpoint. Throws `raw/corrupt` when the raw store has lost pages that were formatted. */
  static async open(deps: FormatLoopDeps): Promise<FormatLoop> {
    const pages = await readCheckpoint(deps.checkpoint)
    if (pages > deps.raw.length)
      throw new PipelineError(
        'raw/corrupt',
        `${pages} pages were formatted, the raw store has ${deps.raw.length}`,
      )
    return new FormatLoop(deps, pages)
  }

  /** Pages whose rows are all durable in landing, the lake or quarantine. */
  get durablePages(): number {
    return this.done
  }

  /** Runs until the signal, then waits for what delivery holds. Throws what a store throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { raw } = this.deps
    while (!signal.aborted) {
      if (this.next >= raw.length) {
        await Promise.race([raw.grown(signal), this.oldest()])
        await this.settle()
        continue
      }
      await this.formatNext()
      /* Also while behind: what waits for the checkpoint need not wait for the end of the backlog. */
      if (this.inFlight[0] !== undefined && this.settled.has(this.inFlight[0])) await this.settle()
      while (this.inFlightBytes > MAX_IN_FLIGHT_BYTES) {
        await this.oldest()
        await this.settle()
      }
    }
    await Promise.all(this.inFlight.map(({ durable }) => durable))
    await this.settle()
  }

  private async formatNext(): Promise<void> {
    const { raw, quarantine, delivery, route, unknownFields, isWaiting } = this.deps
    const page = await raw.page(this.next)
    const formatted = formatPage(page, route(page.table), delivery.maxBlockBytes)
    const { blocks, refused } = formatted
    const record = pageRecord(page, { formatted, isWaiting })
    if (refused.length > 0) await quarantine.put(refused)
    if (formatted.unknownFields.size > 0) await unknownFields?.(page.table, formatted.unknownFields)
    this.next += 1
    this.formattedChanges += page.changes
    const bytes = blocks.reduce((sum, { text }) => sum + text.length, 0)
    const entry: InFlight = { pages: this.next, record, bytes, durable: delivery.put(blocks) }
    /* A rejection is met by whoever awaits the entry; until then it must not end the process. */
    entry.durable.catch(() => undefined)
    void entry.durable.then(
      () => this.settled.add(entry),
      () => undefined,
    )
    this.inFlight.push(entry)
    this.inFlightBytes += bytes
  }

  private readonly settled = new Set<InFlight>()

  private oldest(): Promise<void> {
    return this.inFlight[0]?.durable ?? new Promise(() => undefined)
  }

  /* Moves the checkpoint over the entries at the front that are durable. */
  private async settle(): Promise<void> {
    let reached = this.done
    const records: PageRecord[] = []
    for (
      let entry = this.inFlight[0];
      entry !== undefined && this.settled.has(entry);
      entry = this.inFlight[0]
    ) {
      this.inFlight.shift()
      this.settled.delete(entry)
      this.inFlightBytes -= entry.bytes
      reached = entry.pages
      records.push(entry.record)
    }
    if (reached === this.done) return
    const { ledger, checkpoint } = this.deps
    /* First the records: a page behind the checkpoint that has none was never formatted. */
    await ledger.formatted(records)
    await writeCheckpoint(checkpoint, reached)
    this.done = reached
    ledger.settled(reached)
  }
}
