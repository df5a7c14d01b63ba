import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Block } from '../../../core/block.ts'
import { contractDigests } from '../../../core/contract/language/contract-digest.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { Operation } from '../../../core/operations/operations.ts'
import { encodePages, type RawChange } from '../../../core/page.ts'
import type { Clock, WaitingEntry } from '../../../core/ports/ports.ts'
import { formatPage } from '../../../formatters/format-page.ts'
import { pageRecord } from '../../../formatters/page-record.ts'
import { router } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { captureBatch } from '../../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../../ingest/capture/decode-dms.ts'
import { landObject } from '../../../ingest/land/land-object.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { currentSelect } from '../../../lake/sql/current-select.ts'
import { historySelect } from '../../../lake/sql/history-select.ts'
import type { FolderLedger } from '../../../local/ledger/folder-ledger.ts'
import type { OperationParts } from '../../../local/operations/operation-parts.ts'
import { runOperation } from '../../../local/operations/run-operation.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { type StateFile, storedEntries } from '../../../local/state/state-file.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import type { FolderRawStore } from '../../../local/stores/folder-raw-store.ts'
import { MemoryLog } from '../../ingest/memory-ports.ts'
import { openStores } from '../../support/open-stores.ts'
import { faultyCatalog, faultyObjects, faultyQuarantine, Injected, Power } from '../pipeline/faults.ts'

const maskKey = new Uint8Array(32).fill(7)

type Row = readonly unknown[]

/**
 * One life of the real stores of a folder with given contracts. Delivery lands at once, so that an operation has ended
 * when its call has; every port goes through the power supply.
 */
export class RepairFixture {
  readonly parts: OperationParts
  readonly quarantine: FolderQuarantine
  private readonly state: StateFile
  readonly raw: FolderRawStore
  readonly ledger: FolderLedger
  /** The clock of its operations. */
  now: Clock = Date.now
  private readonly power: Power

  private constructor(
    parts: OperationParts,
    stores: {
      readonly quarantine: FolderQuarantine
      readonly raw: FolderRawStore
      readonly ledger: FolderLedger
      readonly state: StateFile
      readonly power: Power
    },
  ) {
    this.parts = parts
    this.state = stores.state
    this.quarantine = stores.quarantine
    this.raw = stores.raw
    this.ledger = stores.ledger
    this.power = stores.power
  }

  static async open(root: string, tables: readonly Table[], power = new Power([])): Promise<RepairFixture> {
    const folder = runFolder(root)
    const { state, raw, ledger } = await openStores(root)
    const kept = await FolderQuarantine.in(state, Date.now)
    const plain = state.catalog
    await plain.registerTables(tables.map(catalogTable))
    const objects = faultyObjects(new FolderObjects(root), power)
    const catalog = faultyCatalog(plain, power)
    const quarantine = { ...faultyQuarantine(kept, power), holds: (id: string) => kept.holds(id) }
    let delivered = 0
    const life = Math.random().toString(16).slice(2)
    const deliver = async (blocks: readonly Block[]) => {
      if (blocks.length === 0) return
      delivered += 1
      const key = `landing/changes/2026/01/02/03/o${life}-${delivered}.ndjson.gz`
      await objects.put(key, await promisify(gzip)(Buffer.concat(blocks.map(({ text }) => text))))
      const { record } = await landObject(key, { objects, catalog, historyFiles: historyFiles(tables) })
      await ledger.landed(record)
      await objects.delete(key)
    }
    const parts: OperationParts = {
      raw,
      quarantine,
      delivery: { maxBlockBytes: 32 << 20, put: deliver },
      ledger,
      objects,
      catalog,
      tables,
      maskKey,
      folder,
      documents: state.documents,
      capture: (records, context) =>
        captureBatch(records, {
          shard: 'local-0',
          decode: (data) => decodeDms(data, context),
          store: raw,
          quarantine,
          log: new MemoryLog(),
        }),
    }
    return new RepairFixture(parts, { state, quarantine: kept, raw, ledger, power })
  }

  /** Captures and formats changes of one source table, as one batch. */
  async take(changes: readonly RawChange[], sequence: string): Promise<void> {
    const { raw, tables, quarantine, delivery } = this.parts
    const source = tables[0]?.source.table ?? ''
    const pages = await encodePages(source, { shard: 's', sequence }, changes)
    await raw.put(pages)
    for (const page of pages) {
      const formatted = formatPage(page, router(tables, maskKey)(source), delivery.maxBlockBytes)
      const isWaiting = (id: string) => this.quarantine.holds(id)
      const record = pageRecord(page, { formatted, isWaiting })
      if (formatted.refused.length > 0) await quarantine.put(formatted.refused)
      await delivery.put(formatted.blocks)
      await this.ledger.passTo(raw.length, [record])
    }
  }

  run(
    request: Operation,
    signal: AbortSignal = new AbortController().signal,
    onProgress: (progress: unknown) => void = () => undefined,
    callers: readonly Table[] = this.parts.tables,
  ): Promise<unknown> {
    const contracts = contractDigests(callers)
    return runOperation(request, { pipeline: this.parts, contracts, now: this.now, signal, onProgress })
  }

  /** Does the work; `died` when the power went or a fault came through it. */
  async untilFault(work: () => Promise<unknown>): Promise<'done' | 'died'> {
    const done = work().then(() => 'done' as const)
    const outcome = await Promise.race([done, this.power.off.then(() => 'died' as const)]).catch(
      (error: unknown) => {
        if (error instanceof Injected) return 'died' as const
        throw error
      },
    )
    await this.power.end()
    return outcome
  }

  async waiting(): Promise<readonly WaitingEntry[]> {
    const entries: WaitingEntry[] = []
    for await (const entry of this.quarantine.list()) entries.push(entry)
    return entries
  }

  async close(): Promise<void> {
    await this.ledger.close()
    await this.quarantine.close()
    await this.state.close()
  }
}

/** Reads the lake of a folder, as queries do. */
export class LakeEye {
  private readonly duckdb: DuckDBInstance
  private readonly connection: DuckDBConnection

  private constructor(duckdb: DuckDBInstance, connection: DuckDBConnection) {
    this.duckdb = duckdb
    this.connection = connection
  }

  static async open(): Promise<LakeEye> {
    const duckdb = await DuckDBInstance.create(':memory:', { threads: '2' })
    const connection = await duckdb.connect()
    await connection.run(`SET TimeZone = 'UTC'`)
    return new LakeEye(duckdb, connection)
  }

  /** Current of one version of a table: its columns, `_position` and `_extra`, by the first column. */
  async current(root: string, name: string, version = 1): Promise<readonly Row[]> {
    const entry = await this.entry(root, name, version)
    const whole = currentSelect({ ...entry, base: null }, { history: `(${historySelect(entry, root)})` })
    return this.ask(`SELECT * EXCLUDE (_committed_at) FROM (${whole}) ORDER BY 1`)
  }

  /** `_op`, `_position`, `_revision` of every change in history that readers see. */
  async history(root: string, name: string, version = 1): Promise<readonly Row[]> {
    const entry = await this.entry(root, name, version)
    return this.ask(
      `SELECT DISTINCT _op, _position, _revision FROM (${historySelect(entry, root)}) WHERE _op <> 'refused' ORDER BY 2, 3, 1`,
    )
  }

  close(): void {
    this.connection.closeSync()
    this.duckdb.closeSync()
  }

  private async entry(root: string, name: string, version: number) {
    const entries = await storedEntries(runFolder(root))
    const entry = entries.find(({ table }) => table.name === name && table.version === version)
    if (entry === undefined) throw new Error(`no ${name} v${version}`)
    return entry
  }

  private async ask(sql: string): Promise<readonly Row[]> {
    return (await this.connection.runAndReadAll(sql)).getRowsJson()
  }
}
