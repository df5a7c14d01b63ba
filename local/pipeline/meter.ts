import * as z from 'zod'
import type { Block } from '../../core/block.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { ManifestChange } from '../../core/ledger/ledger.ts'
import { Mutex } from '../../core/mutex.ts'
import { packBlocks } from '../../core/pack-blocks.ts'
import type { Page } from '../../core/page.ts'
import type { Clock, Quarantine, QuarantineEntry } from '../../core/ports/ports.ts'
import { rawItemsOf } from '../../cost/raw-item.ts'
import { firehoseBytes, streamBytes, writeUnits } from '../../cost/units.ts'
import { noVolume, type TableVolume, tableVolume } from '../../cost/volume.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

/** The file that `tidemark cost` reads. */
export const meterFile = z.object({
  format: z.literal(1),
  /** When the folder was first metered, ISO 8601 UTC. */
  since: z.string(),
  /** How long runs have metered it altogether. */
  seconds: z.number().min(0),
  tables: z.record(z.string(), tableVolume),
})
export type MeterReading = z.infer<typeof meterFile>

export interface MeterOptions {
  /** The contracts as they are now: their blocks and files are counted by source table. */
  readonly tables: () => readonly Table[]
  readonly now: Clock
}

const PERIOD_MS = 5_000
/** A record of Firehose holds 1,000 KiB (API reference, PutRecordBatch). */
const RECORD_BYTES = 1_024_000
/** What an entry of quarantine has around its payload in DynamoDB, about. */
const ENTRY_BYTES = 400

/**
 * Counts what AWS would bill of what a run moves, by source table, and keeps it in a file of the folder. Bounded: one small
 * entry for each table. Time and counts are saved together, every few seconds and at the end: a crash forgets some of both.
 */
export class Meter {
  private readonly path: string
  private readonly options: MeterOptions
  private readonly since: string
  private seconds: number
  private readonly tables: Map<string, TableVolume>
  private timer: NodeJS.Timeout | undefined
  private last: number | undefined
  private readonly writes = new Mutex()

  private constructor(path: string, options: MeterOptions, known: MeterReading | undefined) {
    this.path = path
    this.options = options
    this.since = known?.since ?? new Date(options.now()).toISOString()
    this.seconds = known?.seconds ?? 0
    this.tables = new Map(Object.entries(known?.tables ?? {}))
  }

  /** Goes on from the file. Throws `run/bad-folder` for one of another version. */
  static async open(path: string, options: MeterOptions): Promise<Meter> {
    return new Meter(path, options, await readJsonFile(path, meterFile))
  }

  /** Counts time from now on: the source is read. */
  start(): void {
    this.last = this.options.now()
    this.timer = setInterval(() => this.save(), PERIOD_MS)
  }

  /** Saves what was counted. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.save()
    this.last = undefined
    await this.writes.idle()
  }

  /** A record of the stream that is a change of a table: its bytes and those of its partition key. */
  captured(table: string, recordBytes: number): void {
    const sum = this.sumOf(table)
    sum.changes += 1
    sum.recordBytes += recordBytes
    sum.streamBytes += streamBytes(recordBytes)
  }

  /** Pages that were put, each time that they were. */
  stored(pages: readonly Page[]): void {
    for (const { table, key, content } of pages) {
      const { items, bytes, units } = rawItemsOf(table, key, content.length)
      this.add(table, { pages: 1, items, itemBytes: bytes, itemUnits: units })
    }
  }

  /** Blocks that went out together, and the compressed bytes that they became. */
  delivered(blocks: readonly Block[], objectBytes: number): void {
    const bytes = blocks.reduce((sum, { text }) => sum + text.length, 0)
    for (const record of recordsOf(blocks)) {
      const held = record.reduce((sum, { text }) => sum + text.length, 0)
      for (const block of record)
        this.add(this.sourceOf(block.table, block.version), {
          blocks: 1,
          blockBytes: block.text.length,
          firehoseBytes: (firehoseBytes(held) * block.text.length) / held,
          objectBytes: (objectBytes * block.text.length) / bytes,
        })
    }
  }

  landed(files: readonly ManifestChange[]): void {
    for (const { table, version, added } of files)
      for (const { bytes } of added) this.add(this.sourceOf(table, version), { historyBytes: bytes })
  }

  refused(entries: readonly QuarantineEntry[]): void {
    for (const { table, payload } of entries)
      if (table !== null)
        this.add(table, { refused: 1, refusedUnits: writeUnits(ENTRY_BYTES + Buffer.byteLength(payload)) })
  }

  /** Counts what goes to quarantine: what a contract refused is billed where it waits. */
  counting(quarantine: Pick<Quarantine, 'put'>): Pick<Quarantine, 'put'> {
    return {
      put: async (entries) => {
        await quarantine.put(entries)
        this.refused(entries)
      },
    }
  }

  /** A compaction of a table version that published a base. */
  compacted(table: string, version: number, rewrittenBytes: number): void {
    this.add(this.sourceOf(table, version), { compactions: 1, rewrittenBytes })
  }

  private sourceOf(name: string, version: number): string {
    const found = this.options.tables().find((table) => table.name === name && table.version === version)
    return found?.source.table ?? name
  }

  private add(table: string, more: Partial<TableVolume>): void {
    const sum = this.sumOf(table)
    for (const name of fields) sum[name] += more[name] ?? 0
  }

  private sumOf(table: string): TableVolume {
    const known = this.tables.get(table)
    if (known !== undefined) return known
    const sum = { ...noVolume }
    this.tables.set(table, sum)
    return sum
  }

  /* What cannot be written is not worth stopping for; the stores report a full disk themselves. */
  private save(): void {
    if (this.last !== undefined) {
      const now = this.options.now()
      this.seconds += Math.max(now - this.last, 0) / 1_000
      this.last = now
    }
    const reading: MeterReading = {
      format: 1,
      since: this.since,
      seconds: this.seconds,
      tables: Object.fromEntries(this.tables),
    }
    void this.writes.run(() => writeJsonFile(this.path, reading))
  }
}

const fields = tableVolume.keyof().options

/* A local block may be larger than a record; on AWS format cuts smaller ones. */
function* recordsOf(blocks: readonly Block[]): Generator<readonly Block[]> {
  const fitting = blocks.filter(({ text }) => text.length <= RECORD_BYTES)
  yield* packBlocks(fitting, RECORD_BYTES)
  for (const block of blocks) if (block.text.length > RECORD_BYTES) yield [block]
}
