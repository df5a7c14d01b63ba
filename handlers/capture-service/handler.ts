import { dynamoClient } from '../../aws/calls/clients.ts'
import { quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { decodeService } from '../../ingest/capture/decode-service.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { captureRecords } from '../capture/capture-records.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type BatchResponse, type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { type ServiceRecord, serviceRecords } from './service-records.ts'
import { captureServiceSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first record. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(captureServiceSettings, environment)
const stage = new LambdaStage('capture-service', lambdaHost())
const { TIDEMARK_RAW_DAYS: rawDays, TIDEMARK_QUARANTINE_DAYS: retentionDays } = settings
const { TIDEMARK_EPOCH: epoch, TIDEMARK_SERVICE_TABLES: names } = settings
const shared = { client: dynamoClient(stage.clientSettings(settings.AWS_REGION)), retry: stage.retry }
const raw = { ...shared, name: settings.TIDEMARK_RAW_TABLE }
const refused = { ...shared, name: settings.TIDEMARK_QUARANTINE_TABLE }
const tableOf = (name: string) => (Object.hasOwn(names, name) ? names[name] : undefined)
const deps = {
  store: new ItemRawStore({ table: rawItems(raw), retentionDays: rawDays }),
  quarantine: new ItemQuarantine({ table: quarantineItems(refused), retentionDays, now: Date.now }),
  decode: (data: Buffer) => decodeService(data, { epoch, tableOf }),
  stage,
}
const batch = {
  maxBytes: 3 << 20,
  work: (records: readonly ServiceRecord[]) => captureRecords(records, deps),
}

export const handler = (event: unknown, context: LambdaContext): Promise<BatchResponse> =>
  stage.run(context, () => runInOrder(serviceRecords(event), batch, stage))
