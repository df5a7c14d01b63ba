import { openQuarantine, openRawStore } from '../../aws/open-aws.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import type { BatchResponse, LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { captureRecords } from './capture-records.ts'
import { type KinesisRecord, kinesisRecords } from './kinesis-records.ts'

const { settings, stage, aws } = openFunction('capture', functionSettings.capture)
const deps = {
  store: openRawStore(aws, settings.TIDEMARK_RAW_TABLE, settings.TIDEMARK_RAW_DAYS),
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS),
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
