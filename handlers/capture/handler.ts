import { dynamoClient } from '../../aws/calls/clients.ts'
import { quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type BatchResponse, type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { captureRecords } from './capture-records.ts'
import { type KinesisRecord, kinesisRecords } from './kinesis-records.ts'
import { captureSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first record. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(captureSettings, environment)
const stage = new LambdaStage('capture', lambdaHost())
const { TIDEMARK_RAW_DAYS: rawDays, TIDEMARK_QUARANTINE_DAYS: retentionDays } = settings
const shared = { client: dynamoClient(stage.clientSettings(settings.AWS_REGION)), retry: stage.retry }
const raw = { ...shared, name: settings.TIDEMARK_RAW_TABLE }
const refused = { ...shared, name: settings.TIDEMARK_QUARANTINE_TABLE }
const deps = {
  store: new ItemRawStore({ table: rawItems(raw), retentionDays: rawDays }),
  quarantine: new ItemQuarantine({ table: quarantineItems(refused), retentionDays, now: Date.now }),
  stage,
  /* A full load arrives as files, so a load row in the stream goes to quarantine (`capture/no-load`). */
  decode: (data: Buffer) =>
    decodeDms(data, { epoch: settings.TIDEMARK_EPOCH, loadPositionOf: () => undefined }),
}
/* Two thirds of what an invocation can hold: pages stay large, and a deadline finds a place to stop. */
const batch = {
  maxBytes: 3 << 20,
  work: (records: readonly KinesisRecord[]) => captureRecords(records, deps),
}

export const handler = (event: unknown, context: LambdaContext): Promise<BatchResponse> =>
  stage.run(context, () => runInOrder(kinesisRecords(event), batch, stage))
