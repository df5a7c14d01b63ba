import { openQuarantine, openRawStore } from '../../aws/open-aws.ts'
import { decodeService } from '../../ingest/capture/decode-service.ts'
import { captureRecords } from '../capture/capture-records.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import type { BatchResponse, LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { type ServiceRecord, serviceRecords } from './service-records.ts'

const { settings, stage, aws } = openFunction('capture-service', functionSettings['capture-service'])
const { TIDEMARK_EPOCH: epoch, TIDEMARK_SERVICE_TABLES: names } = settings
const tableOf = (name: string) => (Object.hasOwn(names, name) ? names[name] : undefined)
const deps = {
  store: openRawStore(aws, settings.TIDEMARK_RAW_TABLE, settings.TIDEMARK_RAW_DAYS),
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS),
  decode: (data: Buffer) => decodeService(data, { epoch, tableOf }),
  stage,
}
const batch = {
  maxBytes: 3 << 20,
  work: (records: readonly ServiceRecord[]) => captureRecords(records, deps),
}

export const handler = (event: unknown, context: LambdaContext): Promise<BatchResponse> =>
  stage.run(context, () => runInOrder(serviceRecords(event), batch, stage))
