import type { LedgerFinding } from '../../../core/audit/ledger-finding.ts'
import type { Block } from '../../../core/block.ts'
import { contractDigests } from '../../../core/contract/language/contract-digest.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { Balance } from '../../../core/ledger/ledger-balance.ts'
import type { Answers, Operation, OperationKind } from '../../../core/operations/operations.ts'
import { encodePages, type RawChange } from '../../../core/page.ts'
import type { Delivery } from '../../../core/ports/ports.ts'
import { router } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import type { FolderLedger } from '../../../local/ledger/folder-ledger.ts'
import { runOperation } from '../../../local/operations/run-operation.ts'
import { FormatLoop } from '../../../local/pipeline/format-loop.ts'
import { FreshnessHistogram } from '../../../local/pipeline/freshness.ts'
import { LandLoop } from '../../../local/pipeline/land-loop.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import type { FolderCatalog } from '../../../local/state/folder-catalog.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import type { StateFile } from '../../../local/state/state-file.ts'
import { FolderDelivery } from '../../../local/stores/folder-delivery.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import type { FolderRawStore } from '../../../local/stores/folder-raw-store.ts'
import { openStores } from '../../support/open-stores.ts'

const maskKey = new Uint8Array(32).fill(7)
const quiet = { info: () => undefined, warn: () => undefined }

/** One life of the real stages on a folder, taken step by step. */
export class LedgerFixture {
  readonly root: string
  readonly tables: readonly Table[]
  readonly raw: FolderRawStore
  readonly quarantine: FolderQuarantine
  readonly state: StateFile
  readonly ledger: FolderLedger
  readonly objects: FolderObjects
  readonly catalog: FolderCatalog
  readonly delivery: FolderDelivery
  private readonly landing: LandLoop

  private constructor(
    root: string,
    tables: readonly Table[],
    parts: Pick<
      LedgerFixture,
      'raw' | 'state' | 'quarantine' | 'ledger' | 'objects' | 'catalog' | 'delivery'
    >,
  ) {
    this.root = root
    this.tables = tables
    const { raw, quarantine, ledger, objects, catalog, delivery } = parts
    this.raw = raw
    this.state = parts.state
    this.quarantine = quarantine
    this.ledger = ledger
    this.objects = objects
    this.catalog = catalog
    this.delivery = delivery
    this.landing = new LandLoop({
      objects,
      catalog,
      quarantine,
      ledger,
      log: quiet,
      now: Date.now,
      historyFiles: historyFiles(tables),
      freshness: new FreshnessHistogram(),
      durablePages: () => 0,
      landed: async () => undefined,
    })
  }

  static async open(root: string, tables: readonly Table[]): Promise<LedgerFixture> {
    const { state, raw, ledger } = await openStores(root)
    const quarantine = await FolderQuarantine.in(state, Date.now)
    const objects = new FolderObjects(root)
    const { catalog } = state
    await catalog.registerTables(tables.map(catalogTable))
    const hints = { bytes: 1 << 20, milliseconds: 5 }
    const delivery = new FolderDelivery({ objects, now: Date.now, hints, ledger })
    return new LedgerFixture(root, tables, { raw, state, quarantine, ledger, objects, catalog, delivery })
  }

  /** Captures changes as one page. */
  async capture(changes: readonly RawChange[], sequence: string): Promise<void> {
    const source = this.tables[0]?.source.table ?? ''
    await this.raw.put(await encodePages(source, { shard: 's', sequence }, changes))
  }

  /** Formats what is captured; `drop` says which blocks delivery loses without a word. */
  async format(drop: (block: Block) => boolean = () => false): Promise<void> {
    const { raw, quarantine, ledger, tables } = this
    const delivery: Delivery = {
      maxBlockBytes: this.delivery.maxBlockBytes,
      put: (blocks) => this.delivery.put(blocks.filter((block) => !drop(block))),
    }
    const stop = new AbortController()
    const loop = new FormatLoop({
      raw,
      quarantine,
      ledger,
      delivery,
      isWaiting: (id) => quarantine.holds(id),
      route: router(tables, maskKey),
    })
    const running = loop.run(stop.signal)
    while (loop.durablePages < raw.length)
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 2))])
    stop.abort()
    await running
  }

  /** What a format loop leaves that moves on over a page without formatting it. */
  async passOver(): Promise<void> {
    await this.ledger.passTo(this.ledger.checkpoint + 1, [])
  }

  /** One round of landing. */
  land(): Promise<void> {
    return this.landing.run(AbortSignal.abort())
  }

  async operate(
    request: 'redrive' | 'replay',
    range: { readonly from?: string; readonly to?: string } = {},
  ): Promise<void> {
    if (request === 'redrive') await this.run({ kind: request, isDryRun: false })
    else await this.run({ kind: request, table: this.tables[0]?.name ?? '', isDryRun: false, ...range })
  }

  run<K extends OperationKind>(operation: Operation<K>): Promise<Answers[K]> {
    const { raw, quarantine, delivery, objects, catalog, ledger, tables } = this
    const { documents } = this.state
    const folder = runFolder(this.root)
    const capture = () => Promise.reject(new Error('nothing is captured here'))
    const stores = { raw, quarantine, delivery, objects, catalog, ledger, documents }
    return runOperation(operation, {
      contracts: contractDigests(tables),
      pipeline: { ...stores, tables, maskKey, folder, capture },
      now: Date.now,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    })
  }

  balance(): Balance {
    const [table] = this.tables
    return this.ledger.balance({
      contract: table ?? null,
      source: table?.source.table ?? '',
    })
  }

  async close(): Promise<void> {
    await this.ledger.close()
    await this.quarantine.close()
    await this.state.close()
  }
}

/** What the audit of a folder names. */
export async function findingsIn(root: string): Promise<readonly LedgerFinding[]> {
  return (await auditFolder(runFolder(root), 5)).findings
}
