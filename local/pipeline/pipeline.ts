import { setTimeout as sleep } from 'node:timers/promises'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { type CaptureResult, captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { driftContracts } from '../contracts/drift-contracts.ts'
import { LiveContracts } from '../contracts/live-contracts.ts'
import type { ItemDocuments } from '../documents/item-documents.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import { keepInventory } from '../recovery/inventory.ts'
import { openLedger } from '../recovery/open-ledger.ts'
import { Drift } from '../state/drift.ts'
import type { FolderCatalog } from '../state/folder-catalog.ts'
import type { RunFolder } from '../state/run-folder.ts'
import type { StateFile } from '../state/state-file.ts'
import { type BufferingHints, FolderDelivery } from '../stores/folder-delivery.ts'
import { FolderMaskKeys } from '../stores/folder-mask-keys.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { FolderRawStore } from '../stores/folder-raw-store.ts'
import { hasMaskedRows } from '../stores/masked-rows.ts'
import { allInTurn } from './all-in-turn.ts'
import { FormatLoop } from './format-loop.ts'
import { FreshnessHistogram } from './freshness.ts'
import { LandLoop } from './land-loop.ts'
import { Meter } from './meter.ts'
import { Watermark } from './watermark.ts'

export interface PipelineOptions {
  readonly folder: RunFolder
  /** The state file of the folder, which the pipeline closes. */
  readonly state: StateFile
  readonly tables: readonly Table[]
  /** Contracts of tables that are gone from the source: what is left of their changes is read by them. */
  readonly ended?: readonly Table[]
  readonly hints: BufferingHints
  readonly log: Logger
  readonly now?: Clock
  /** Told how many raw pages are queryable, each time landing has caught up with delivery. */
  readonly landed?: (pages: number) => Promise<void>
}

/** What capture has to know of the source that a record does not say. */
export interface CaptureContext {
  readonly epoch: number
  readonly loadPositionOf: (table: string) => Position | undefined
  /** Told of data definition at the source, before the records after it are acknowledged. */
  readonly onDefinition?: (table: string, operation: string) => Promise<void>
}

/** Counts since this process started, but for `pages` and `quarantined`, which are of the folder. */
export interface PipelineCounts {
  readonly captured: number
  readonly formatted: number
  readonly landedRows: number
  readonly pages: number
  readonly durablePages: number
  readonly landedPages: number
}

interface StoresOfPipeline {
  readonly raw: FolderRawStore
  readonly state: StateFile
  readonly quarantine: FolderQuarantine
}

/**
 * Capture, raw store, format, delivery, landing and catalog of one folder, in one process. Every stage goes on from
 * what the one before made durable, so it may be stopped anywhere, by `kill -9` too (G10).
 */
export class Pipeline {
  readonly raw: FolderRawStore
  readonly quarantine: FolderQuarantine
  readonly catalog: FolderCatalog
  readonly ledger: FolderLedger
  readonly meter: Meter
  readonly watermark = new Watermark()
  readonly freshness = new FreshnessHistogram()
  /** Rejects when a stage fails; never resolves. */
  readonly failed: Promise<never>
  readonly delivery: FolderDelivery
  readonly objects: FolderObjects
  readonly drift: Drift
  readonly maskKey: MaskKey
  readonly folder: RunFolder
  readonly documents: ItemDocuments
  private readonly state: StateFile
  private readonly contracts: LiveContracts
  private readonly format: FormatLoop
  private readonly land: LandLoop
  private readonly log: Logger
  private readonly formatStop = new AbortController()
  private readonly landStop = new AbortController()
  private running: readonly Promise<void>[] = []
  private fail: (error: unknown) => void = () => undefined
  private captured = 0
  private readonly now: Clock

  private constructor(
    parts: {
      raw: FolderRawStore
      state: StateFile
      quarantine: FolderQuarantine
      ledger: FolderLedger
      meter: Meter
      delivery: FolderDelivery
      objects: FolderObjects
      drift: Drift
      maskKey: MaskKey
      contracts: LiveContracts
    },
    format: FormatLoop,
    { folder, log, now = Date.now, landed = () => Promise.resolve() }: PipelineOptions,
  ) {
    this.raw = parts.raw
    this.state = parts.state
    this.documents = parts.state.documents
    this.quarantine = parts.quarantine
    this.catalog = parts.state.catalog
    this.ledger = parts.ledger
    this.meter = parts.meter
    this.delivery = parts.delivery
    this.objects = parts.objects
    this.drift = parts.drift
    this.maskKey = parts.maskKey
    this.contracts = parts.contracts
    this.folder = folder
    this.now = now
    this.format = format
    this.log = log
    this.land = new LandLoop({
      objects: parts.objects,
      catalog: parts.state.catalog,
      historyFiles: parts.contracts.historyFile,
      quarantine: parts.quarantine,
      ledger: parts.ledger,
      log,
      now,
      freshness: this.freshness,
      meter: parts.meter,
      durablePages: () => format.durablePages,
      landed: async (pages) => {
        /* First the floors of completed loads, then whoever waits for the watermark. */
        await landed(pages)
        this.watermark.landed(pages)
      },
    })
    this.failed = new Promise<never>((_, reject) => {
      this.fail = reject
    })
    this.failed.catch(() => undefined)
  }

  /** Opens the stores of a folder, goes on where they were left, and registers the tables. The state file is closed when it throws. */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const { state, now = Date.now } = options
    try {
      const raw = await FolderRawStore.in(state)
      const quarantine = await FolderQuarantine.in(state, now)
      return await Pipeline.openOn({ raw, state, quarantine }, options)
    } catch (error) {
      await state.close()
      throw error
    }
  }

  private static async openOn(
    { raw, state, quarantine }: StoresOfPipeline,
    options: PipelineOptions,
  ): Promise<Pipeline> {
    const { folder, tables, ended = [], hints, log, now = Date.now } = options
    const objects = new FolderObjects(folder.root)
    const { catalog } = state
    await catalog.registerTables(tables.map(catalogTable))
    const maskKey = await new FolderMaskKeys({
      key: folder.maskKey,
      check: folder.maskCheck,
      isUsed: async () => hasMaskedRows(await catalog.entries(), tables),
    }).current()
    const entries = await catalog.entries()
    const ledger = await openLedger({
      folder,
      state,
      raw,
      quarantine,
      tables: [...tables, ...ended],
      maskKey,
      entries,
      log,
      now,
    })
    const contracts = new LiveContracts(tables, maskKey, ended)
    const meter = await Meter.open(folder.meter, { tables: () => contracts.tables, now })
    const delivered = meter.delivered.bind(meter)
    const delivery = new FolderDelivery({ objects, now, hints, ledger, delivered })
    const drift = await Drift.open(
      folder.drift,
      driftContracts(() => contracts.tables),
    )
    const format = new FormatLoop({
      raw,
      quarantine: meter.counting(quarantine),
      isWaiting: (id) => quarantine.holds(id),
      ledger,
      delivery,
      route: contracts.route,
      unknownFields: (table, names) => drift.noteFields(table, names, now()),
    })
    await keepInventory(folder)
    return new Pipeline(
      { raw, state, quarantine, ledger, meter, delivery, objects, drift, maskKey, contracts },
      format,
      options,
    )
  }

  get tables(): readonly Table[] {
    return this.contracts.tables
  }

  /** Contracts of tables that are gone from the source. */
  get ended(): readonly Table[] {
    return this.contracts.ended
  }

  /** Registers tables and has their changes formatted from now on. Doing it again changes nothing. Gives the new ones. */
  async extend(tables: readonly Table[]): Promise<readonly Table[]> {
    await this.catalog.registerTables(tables.map(catalogTable))
    return this.contracts.add(tables)
  }

  /** Takes back an extension before any change came: the next one may bring other contracts of the same names. */
  withdraw(tables: readonly Table[]): void {
    this.contracts.remove(tables)
  }

  start(): void {
    const guard = (run: Promise<void>) => run.catch((error: unknown) => this.fail(error))
    this.running = [
      guard(this.format.run(this.formatStop.signal)),
      guard(this.land.run(this.landStop.signal)),
    ]
  }

  /** Stores a batch of the stream. When it resolves, the source may forget the records. */
  async capture(records: readonly StreamRecord[], context: CaptureContext): Promise<CaptureResult> {
    const { raw, meter } = this
    const result = await captureBatch(records, {
      shard: 'local-0',
      decode: (data, partitionKey) => {
        const decoded = decodeDms(data, context)
        if (decoded.kind === 'change')
          meter.captured(decoded.table, data.length + Buffer.byteLength(partitionKey))
        return decoded
      },
      store: {
        put: async (pages) => {
          await raw.put(pages)
          meter.stored(pages)
        },
      },
      quarantine: this.quarantine,
      log: this.log,
      control: async (table, operation) => {
        await this.drift.noteDefinition(table, operation, this.now())
        await context.onDefinition?.(table, operation)
        this.ledger.noteFiltered(table, 0)
      },
    })
    if (result.bookkeeping > 0) this.ledger.noteFiltered(null, result.bookkeeping)
    this.captured += result.changes
    return result
  }

  /** Resolves when everything captured up to the LSN is queryable or in quarantine. */
  async reach(lsn: bigint, signal: AbortSignal): Promise<void> {
    await Promise.race([this.watermark.reach(lsn, signal), this.failed])
  }

  /** Resolves when fewer than `pages` pages are captured and not queryable yet, or at the signal. */
  async room(pages: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.raw.length - this.watermark.pages >= pages) {
      await sleep(20, undefined, { signal }).catch(() => undefined)
    }
  }

  counts(): PipelineCounts {
    return {
      captured: this.captured,
      formatted: this.format.formattedChanges,
      landedRows: this.land.landedRows,
      pages: this.raw.length,
      durablePages: this.format.durablePages,
      landedPages: this.watermark.pages,
    }
  }

  /**
   * Stops the stages in order: what delivery holds is landed, pages not yet formatted wait for the next start. Everything is
   * closed, also when a disk takes nothing any more; throws the first failure then.
   */
  async stop(): Promise<void> {
    this.formatStop.abort()
    await allInTurn([
      () => this.delivery.flush(),
      async () => this.running[0],
      async () => this.landStop.abort(),
      async () => this.running[1],
      () => this.meter.stop(),
      () => this.ledger.close(),
      () => this.quarantine.close(),
      () => this.state.close(),
      () => keepInventory(this.folder),
    ])
  }
}
