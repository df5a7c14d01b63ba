import { dynamoClient, firehoseClient, secretsClient } from '../../aws/calls/clients.ts'
import { ledgerItems, quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { FirehoseDelivery } from '../../aws/firehose/firehose-delivery.ts'
import { SecretMaskKeys } from '../../aws/secrets/secret-mask-keys.ts'
import { tables } from '../../schemas/index.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { formatEvent } from './format-event.ts'
import { routerOf } from './router-of.ts'
import { formatSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first record. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(formatSettings, environment)
const stage = new LambdaStage('format', lambdaHost())
const [region, retry] = [stage.clientSettings(settings.AWS_REGION), stage.retry]
const table = (name: string) => ({ client: dynamo, name, retry })
const dynamo = dynamoClient(region)
const refused = quarantineItems(table(settings.TIDEMARK_QUARANTINE_TABLE))
const quarantine = { retentionDays: settings.TIDEMARK_QUARANTINE_DAYS, now: Date.now }
const ledger = ledgerItems(table(settings.TIDEMARK_LEDGER_TABLE))
const books = { table: ledger, rawDays: settings.TIDEMARK_RAW_DAYS }
const keys = { client: secretsClient(region), secret: settings.TIDEMARK_MASK_SECRET, retry }
const deps = {
  /* Only read here: pages expire as capture wrote them. */
  store: new ItemRawStore({ table: rawItems(table(settings.TIDEMARK_RAW_TABLE)), retentionDays: 0 }),
  quarantine: new ItemQuarantine({ table: refused, ...quarantine }),
  delivery: new FirehoseDelivery({ client: firehoseClient(region), stream: settings.TIDEMARK_STREAM, retry }),
  ledger: new ItemLedger({ ...books, now: Date.now }),
  route: routerOf(tables, settings.TIDEMARK_SYSTEMS, new SecretMaskKeys(keys)),
  ...{ stage, maxBytes: 1 << 20 },
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, async () => knownContracts(event, tables) ?? formatEvent(event, deps))
