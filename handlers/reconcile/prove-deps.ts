import { setTimeout as pause } from 'node:timers/promises'
import type * as z from 'zod'
import { dynamoClient, glueClient, s3Client, secretsClient } from '../../aws/calls/clients.ts'
import { quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { S3Files } from '../../aws/s3/s3-files.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { SecretMaskKeys } from '../../aws/secrets/secret-mask-keys.ts'
import { readSourceSecret } from '../../aws/secrets/source-secret.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { trustedSource } from '../../engine/postgres/connection/source-trust.ts'
import { ScratchLake } from '../../engine/reconcile/lake/scratch-lake.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import { capturedAgain } from './captured-again.ts'
import type { ProveAllDeps } from './prove-all.ts'
import type { reconcileSettings } from './settings.ts'

const SCRATCH = '/tmp/tidemark-reconcile'
/* The rest is for what DuckDB spills and for digests of the source. */
const COPIES_SHARE = 0.7

/** The ports of `reconcile` on AWS. */
export function proveDeps(
  contracts: readonly Table[],
  settings: z.output<typeof reconcileSettings>,
  stage: LambdaStage,
): ProveAllDeps {
  const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
  const [region, { retry }] = [stage.clientSettings(settings.AWS_REGION), stage]
  const place = { client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 }
  const objects = new S3Objects(place)
  const domains = [...new Set(contracts.map(({ name }) => name.split('.')[0] ?? ''))]
  const root = `s3://${bucket}`
  const catalog = new GlueCatalog({ client: glueClient(region), retry, prefix, domains, root, objects })
  const dynamo = { client: dynamoClient(region), retry }
  const quarantine = new ItemQuarantine({
    table: quarantineItems({ ...dynamo, name: settings.TIDEMARK_QUARANTINE_TABLE }),
    retentionDays: settings.TIDEMARK_QUARANTINE_DAYS,
    now: stage.now,
  })
  const store = new ItemRawStore({
    table: rawItems({ ...dynamo, name: settings.TIDEMARK_RAW_TABLE }),
    retentionDays: settings.TIDEMARK_RAW_DAYS,
  })
  const secrets = { client: secretsClient(region), retry }
  const keys = new SecretMaskKeys({ ...secrets, secret: settings.TIDEMARK_MASK_SECRET })
  const address = { ...secrets, secret: settings.TIDEMARK_SOURCE_SECRET }
  const tables = contracts.filter(({ source }) => settings.TIDEMARK_SYSTEMS.includes(source.system))
  /* A proof of nothing would be equal. */
  if (tables.length === 0)
    throw new PipelineError('settings/invalid', 'TIDEMARK_SYSTEMS: no contract reads one of these systems')
  const maxBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
  return {
    ...{ stage, objects, quarantine, epoch: settings.TIDEMARK_EPOCH },
    tables,
    captured: () => store.newest([...new Set(tables.map(({ source }) => source.table))]),
    source: async () => trustedSource(await readSourceSecret(address), settings.TIDEMARK_SOURCE_CA),
    maskKey: () => keys.current(),
    entries: () => catalog.entries(),
    lake: new ScratchLake({
      entry: ({ name, version }) => catalog.entry(name, version),
      objects,
      files: new S3Files({ bucket: place, folder: `${SCRATCH}/copies`, maxBytes }),
      folder: `${SCRATCH}/lake`,
    }),
    capture: capturedAgain({ store, quarantine, log: stage.log }),
    scratch: `${SCRATCH}/work`,
    memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
    settleMs: settings.TIDEMARK_SETTLE_SECONDS * 1_000,
    waitMs: settings.TIDEMARK_WAIT_SECONDS * 1_000,
    sleep: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
  }
}
