import { randomUUID } from 'node:crypto'
import { openCatalog, openFiles, openLease, openLedger, openObjects } from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { tables } from '../../schemas/index.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { compactTables } from './compact-tables.ts'

const SCRATCH = '/tmp/tidemark-compact'
/* The rest is for what is written and for what DuckDB spills. */
const COPIES_SHARE = 0.5

const { settings, stage, aws } = openFunction('compact', functionSettings.compact)
const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
const copiesBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
const objects = openObjects(aws, bucket)
const deps = {
  stage,
  objects,
  keepHistoryDays: settings.TIDEMARK_KEEP_HISTORY_DAYS,
  catalog: openCatalog(aws, { bucket, prefix }, tables),
  ledger: new CompactionDocuments(new ObjectDocuments(objects)),
  manifest: openLedger(aws, settings.TIDEMARK_LEDGER_TABLE, settings.TIDEMARK_RAW_DAYS),
  lease: openLease(aws, settings.TIDEMARK_LEDGER_TABLE),
  open: () => openFiles(aws, bucket, `${SCRATCH}/${randomUUID()}`, copiesBytes),
  temporary: `${SCRATCH}/spill`,
  memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => compactTables(event, deps), stage))
