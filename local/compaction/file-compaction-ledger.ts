import { join } from 'node:path'
import * as z from 'zod'
import type { CompactionLedger, CompactionRecord } from '../../lake/compaction/compaction-ledger.ts'
import { readJsonFile, writeJsonFile } from '../pipeline/json-file.ts'

const recordFile = z.object({
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  builds: z.array(z.object({ build: z.number().int(), floor: z.string().nullable() })),
  historySince: z.string().nullable(),
  retired: z.array(
    z.object({
      key: z.string(),
      build: z.number().int(),
      at: z.number(),
      reason: z.enum(['replaced', 'merged', 'past']),
    }),
  ),
})

/** The compaction ledger in a folder: one JSON file for each table version, replaced as a whole. */
export class FileCompactionLedger implements CompactionLedger {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async read(table: string, version: number): Promise<CompactionRecord | undefined> {
    return readJsonFile(this.path(table, version), recordFile)
  }

  async save(record: CompactionRecord): Promise<void> {
    await writeJsonFile(this.path(record.table, record.version), { format: 1, ...record })
  }

  private path(table: string, version: number): string {
    return join(this.folder, `${table}.v${version}.json`)
  }
}
