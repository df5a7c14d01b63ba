import { tableVersionKey } from '../../core/contract/language/table-version.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { CompactionLedger, CompactionRecord } from '../../lake/compaction/plan/compaction-ledger.ts'
import { documentOf, recordDocument } from '../../lake/compaction/plan/record-document.ts'
import { readEach } from './read-each.ts'

/** The compaction ledger as documents, one for each table version. Keeps the guarantees of `CompactionLedger`. */
export class CompactionDocuments implements CompactionLedger {
  private readonly documents: Documents

  constructor(documents: Documents) {
    this.documents = documents
  }

  read(table: string, version: number): Promise<CompactionRecord | undefined> {
    return this.documents.get(keyOf(table, version), recordDocument)
  }

  async save(record: CompactionRecord): Promise<void> {
    await this.documents.put(keyOf(record.table, record.version), documentOf(record))
  }

  /** The records of every table version, by name. */
  async all(): Promise<readonly CompactionRecord[]> {
    return readEach(await this.documents.list('compaction/'), (key) =>
      this.documents.get(key, recordDocument),
    )
  }
}

function keyOf(table: string, version: number): string {
  return `compaction/${tableVersionKey({ name: table, version })}`
}
