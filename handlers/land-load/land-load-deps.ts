import { randomUUID } from 'node:crypto'
import type * as z from 'zod'
import { dynamoClient, glueClient, s3Client, secretsClient } from '../../aws/calls/clients.ts'
import { ledgerItems, quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { ObjectReplayLedger } from '../../aws/s3/object-replay-ledger.ts'
import { S3Files } from '../../aws/s3/s3-files.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { SecretMaskKeys } from '../../aws/secrets/secret-mask-keys.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { Lease } from '../../state/lease.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { LandLoadDeps } from './land-load-notice.ts'
import type { ReplayEventDeps } from './replay-event.ts'
import type { landLoadSettings } from './settings.ts'

const SCRATCH = '/tmp/tidemark-land-load'
/* The rest is for the history that is written of it and for what DuckDB spills. */
const COPIES_SHARE = 0.4

/** The ports of `land-load` on AWS. */
export function landLoadDeps(
  tables: readonly Table[],
  settings: z.output<typeof landLoadSettings>,
  stage: LambdaStage,
): LandLoadDeps & ReplayEventDeps {
  const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
  const [region, { retry }] = [stage.clientSettings(settings.AWS_REGION), stage]
  const place = { client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 }
  const objects = new S3Objects(place)
  const domains = [...new Set(tables.map(({ name }) => name.split('.')[0] ?? ''))]
  const glue = { client: glueClient(region), retry, prefix, domains, root: `s3://${bucket}`, objects }
  const dynamo = { client: dynamoClient(region), retry }
  const [refused, ledger] = [settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_LEDGER_TABLE]
  const keys = new SecretMaskKeys({
    ...{ client: secretsClient(region), secret: settings.TIDEMARK_MASK_SECRET, retry },
  })
  const raw = { ...dynamo, name: settings.TIDEMARK_RAW_TABLE }
  const books = ledgerItems({ ...dynamo, name: ledger })
  const records = new ItemLedger({
    ...{ table: books, rawDays: settings.TIDEMARK_RAW_DAYS, now: stage.now },
  })
  const maxBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
  return {
    ...{ stage, bucket, tables, objects },
    catalog: new GlueCatalog(glue),
    quarantine: new ItemQuarantine({
      ...{ table: quarantineItems({ ...dynamo, name: refused }), now: stage.now },
      retentionDays: settings.TIDEMARK_QUARANTINE_DAYS,
    }),
    loads: new ObjectLoadLedger(objects),
    replays: new ObjectReplayLedger(objects),
    /* Only read here: pages expire as capture wrote them. */
    raw: new ItemRawStore({ table: rawItems(raw), retentionDays: 0 }),
    lease: new Lease({ table: books, owner: randomUUID(), now: stage.now }),
    ...{ ledger: records, manifest: records },
    maskKey: () => keys.current(),
    open: () => new S3Files({ bucket: place, folder: `${SCRATCH}/${randomUUID()}`, maxBytes }),
    temporary: `${SCRATCH}/spill`,
    memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
  }
}
