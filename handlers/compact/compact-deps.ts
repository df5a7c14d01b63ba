import { randomUUID } from 'node:crypto'
import type * as z from 'zod'
import { dynamoClient, glueClient, s3Client } from '../../aws/calls/clients.ts'
import { ledgerItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { ObjectCompactionLedger } from '../../aws/s3/object-compaction-ledger.ts'
import { S3Files } from '../../aws/s3/s3-files.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { Lease } from '../../state/lease.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { CompactTablesDeps } from './compact-tables.ts'
import type { compactSettings } from './settings.ts'

const SCRATCH = '/tmp/tidemark-compact'
/* The rest is for what is written and for what DuckDB spills. */
const COPIES_SHARE = 0.5

/** The ports of `compact` on AWS; `domains` are those of the contracts. */
export function compactDeps(
  domains: readonly string[],
  settings: z.output<typeof compactSettings>,
  stage: LambdaStage,
): CompactTablesDeps {
  const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
  const [region, { retry }] = [stage.clientSettings(settings.AWS_REGION), stage]
  const place = { client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 }
  const objects = new S3Objects(place)
  const glue = { client: glueClient(region), retry, prefix, domains, root: `s3://${bucket}`, objects }
  const books = { client: dynamoClient(region), retry, name: settings.TIDEMARK_LEDGER_TABLE }
  const table = ledgerItems(books)
  const maxBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
  return {
    ...{ stage, objects, keepHistoryDays: settings.TIDEMARK_KEEP_HISTORY_DAYS },
    catalog: new GlueCatalog(glue),
    ledger: new ObjectCompactionLedger(objects),
    manifest: new ItemLedger({ table, rawDays: settings.TIDEMARK_RAW_DAYS, now: stage.now }),
    lease: new Lease({ table, owner: randomUUID(), now: stage.now }),
    open: () => new S3Files({ bucket: place, folder: `${SCRATCH}/${randomUUID()}`, maxBytes }),
    temporary: `${SCRATCH}/spill`,
    memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
  }
}
