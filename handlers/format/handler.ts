import { firehoseClient } from '../../aws/calls/clients.ts'
import { FirehoseDelivery } from '../../aws/firehose/firehose-delivery.ts'
import { openLedger, openMaskKeys, openQuarantine, openRawStore } from '../../aws/open-aws.ts'
import { tables } from '../../schemas/index.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { formatEvent } from './format-event.ts'
import { routerOf } from './router-of.ts'

const { settings, stage, aws } = openFunction('format', functionSettings.format)
const { client, retry } = aws
const deps = {
  store: openRawStore(aws, settings.TIDEMARK_RAW_TABLE),
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS),
  delivery: new FirehoseDelivery({ client: client(firehoseClient), stream: settings.TIDEMARK_STREAM, retry }),
  ledger: openLedger(aws, settings.TIDEMARK_LEDGER_TABLE, settings.TIDEMARK_RAW_DAYS),
  route: routerOf(tables, settings.TIDEMARK_SYSTEMS, openMaskKeys(aws, settings.TIDEMARK_MASK_SECRET)),
  stage,
  maxBytes: 1 << 20,
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, async () => knownContracts(event, tables) ?? formatEvent(event, deps))
