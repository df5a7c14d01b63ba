import { randomBytes } from 'node:crypto'
import type * as z from 'zod'
import { assumedRole } from '../../aws/assumed-role.ts'
import { dmsClient, dynamoClient, glueClient, s3Client } from '../../aws/clients.ts'
import { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { DynamoRawStore } from '../../aws/dynamo/dynamo-raw-store.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import type { Table } from '../../core/contract/table.ts'
import { loadPosition, parsePosition } from '../../core/position.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { LoadsDeps } from './loads-event.ts'
import type { loadsSettings } from './settings.ts'

/** The ports of `loads` on AWS. */
export function loadsDeps(
  contracts: readonly Table[],
  settings: z.output<typeof loadsSettings>,
  stage: LambdaStage,
): LoadsDeps {
  const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix, TIDEMARK_EPOCH: epoch } = settings
  const [region, { retry }] = [stage.clientSettings(settings.AWS_REGION), stage]
  const objects = new S3Objects({ client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 })
  const domains = [...new Set(contracts.map(({ name }) => name.split('.')[0] ?? ''))]
  const glue = { client: glueClient(region), retry, prefix, domains, root: `s3://${bucket}`, objects }
  const table = { client: dynamoClient(region), retry, name: settings.TIDEMARK_RAW_TABLE }
  const raw = new DynamoRawStore({ table, retentionDays: 0 })
  const role = settings.TIDEMARK_SOURCE_ROLE
  const readable = contracts.filter(({ source }) => settings.TIDEMARK_SYSTEMS.includes(source.system))
  const sources = [...new Set(readable.map(({ source }) => source.table))]
  return {
    ...{ stage, objects, sources },
    catalog: new GlueCatalog(glue),
    ledger: new ObjectLoadLedger(objects),
    task: new DmsLoadTask({
      client: dmsClient({ ...region, ...(role === undefined ? {} : assumedRole(role, settings.AWS_REGION)) }),
      ...{ retry, task: settings.TIDEMARK_LOAD_TASK, endpoint: settings.TIDEMARK_LOAD_ENDPOINT },
      ...{ pollMs: 2_000, settleDeadlineMs: 120_000 },
    }),
    /*
     * Just after the newest commit that was captured: it and all before it were over at the source, so they are in what is
     * read from now on. Nothing captured in this epoch is before everything.
     */
    reached: async () => {
      const newest = await raw.newest(sources)
      const known = newest === undefined ? undefined : parsePosition(newest)
      return loadPosition(epoch, known?.epoch === epoch ? known.lsn + 1n : 0n)
    },
    newId: () => {
      const time = new Date(stage.now()).toISOString().slice(0, 19).replace(/[-:]/g, '')
      return `${time}-${randomBytes(3).toString('hex')}`
    },
  }
}
