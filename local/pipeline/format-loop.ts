import { PipelineError } from '../../core/failures/failures.ts'
import type { PageRecord } from '../../core/ledger/ledger.ts'
import type { Delivery, Quarantine } from '../../core/ports/ports.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { pageRecord } from '../../formatters/page-record.ts'
import type { Router } from '../../formatters/route.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'

export interface FormatLoopDeps {
  readonly raw: Pick<FolderRawStore, 'next' | 'grown' | 'length' | 'given'>
  readonly quarantine: Pick<Quarantine, 'put'>
  /** Whether quarantine has an entry that waits. */
  readonly isWaiting: (id: string) => boolean
  /** Where the checkpoint lies, with the records of the pages before it. */
  readonly ledger: Pick<FolderLedger, 'passTo' | 'checkpoint'>
  readonly delivery: Delivery
  readonly route: Router
  /** Told of source fields that a contract kept in `_extra`. */
  readonly unknownFields?: (table: string, names: ReadonlySet<string>) => Promise<void>
}

/* Blocks of pages that delivery has not made durable yet; past this the loop waits. */
const MAX_IN_FLIGHT_BYTES = 64 << 20

interface InFlight {
  /** Place of its page in the feed. */
  readonly offset: number
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

  /** Goes on at the checkpoint. Throws `raw/corrupt` when the raw store is of before the ledger. */
  constructor(deps: FormatLoopDeps) {
    const { raw, ledger } = deps
    if (ledger.checkpoint > raw.given) throw endsEarly(ledger.checkpoint, raw.given)
    this.deps = deps
    this.next = ledger.checkpoint
    this.done = this.next
  }

  /** Place in the feed up to which all rows are durable in landing, the lake or quarantine. */
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
    const fed = await raw.next(this.next)
    if (fed === undefined) throw endsEarly(raw.length, this.next)
    const { page, offset } = fed
    const formatted = formatPage(page, route(page.table), delivery.maxBlockBytes)
    const { blocks, refused } = formatted
    const record = pageRecord(page, { formatted, isWaiting })
    if (refused.length > 0) await quarantine.put(refused)
    if (formatted.unknownFields.size > 0) await unknownFields?.(page.table, formatted.unknownFields)
    this.next = offset
    this.formattedChanges += page.changes
    const bytes = blocks.reduce((sum, { text }) => sum + text.length, 0)
    const entry: InFlight = { offset, record, bytes, durable: delivery.put(blocks) }
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
      reached = entry.offset
      records.push(entry.record)
    }
    if (reached === this.done) return
    await this.deps.ledger.passTo(reached, records)
    this.done = reached
  }
}

function endsEarly(expected: number, found: number): PipelineError {
  return new PipelineError('raw/corrupt', `the raw store ends at page ${found}, not at ${expected}`)
}
