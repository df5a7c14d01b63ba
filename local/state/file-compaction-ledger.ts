import { join } from 'node:path'
import type { CompactionLedger, CompactionRecord } from '../../lake/compaction/plan/compaction-ledger.ts'
import { documentOf, recordDocument, recordName } from '../../lake/compaction/plan/record-document.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

/** The compaction ledger in a folder: one JSON file for each table version, replaced as a whole. */
export class FileCompactionLedger implements CompactionLedger {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async read(table: string, version: number): Promise<CompactionRecord | undefined> {
    return readJsonFile(this.path(table, version), recordDocument)
  }

  async save(record: CompactionRecord): Promise<void> {
    await writeJsonFile(this.path(record.table, record.version), documentOf(record))
  }

  private path(table: string, version: number): string {
    return join(this.folder, recordName(table, version))
  }
}
