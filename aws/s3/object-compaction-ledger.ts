import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import type { CompactionLedger, CompactionRecord } from '../../lake/compaction/plan/compaction-ledger.ts'
import { documentOf, recordDocument, recordName } from '../../lake/compaction/plan/record-document.ts'

const PREFIX = 'state/compaction'

/** The compaction ledger in a bucket: an object for each table version. Keeps the guarantees of `CompactionLedger`. */
export class ObjectCompactionLedger implements CompactionLedger {
  private readonly objects: Pick<ObjectStore, 'get' | 'put'>

  constructor(objects: Pick<ObjectStore, 'get' | 'put'>) {
    this.objects = objects
  }

  async read(table: string, version: number): Promise<CompactionRecord | undefined> {
    const key = keyOf(table, version)
    const content = await this.objects.get(key).catch((error: unknown) => {
      if (error instanceof PipelineError && error.code === 'objects/missing') return undefined
      throw error
    })
    if (content === undefined) return undefined
    try {
      return recordDocument.parse(JSON.parse(content.toString('utf8')))
    } catch (cause) {
      throw new PipelineError('objects/corrupt', key, { cause })
    }
  }

  async save(record: CompactionRecord): Promise<void> {
    const text = JSON.stringify(documentOf(record))
    await this.objects.put(keyOf(record.table, record.version), Buffer.from(text))
  }
}

function keyOf(table: string, version: number): string {
  return `${PREFIX}/${recordName(table, version)}`
}
