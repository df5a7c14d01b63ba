import { dynamoClient, glueClient, s3Client } from '../../aws/calls/clients.ts'
import { ledgerItems, quarantineItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { tables } from '../../schemas/index.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { landEvent } from './land-event.ts'
import { landSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first message. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(landSettings, environment)
const stage = new LambdaStage('land', lambdaHost())
const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
const [region, retry] = [stage.clientSettings(settings.AWS_REGION), stage.retry]
const objects = new S3Objects({ client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 })
const domains = [...new Set(tables.map(({ name }) => name.split('.')[0] ?? ''))]
const glue = { client: glueClient(region), retry, prefix, domains, root: `s3://${bucket}`, objects }
const dynamo = { client: dynamoClient(region), retry }
const refused = { ...dynamo, name: settings.TIDEMARK_QUARANTINE_TABLE }
const ledger = { ...dynamo, name: settings.TIDEMARK_LEDGER_TABLE }
const retention = { retentionDays: settings.TIDEMARK_QUARANTINE_DAYS, now: Date.now }
const deps = {
  ...{ bucket, objects, stage, historyFiles: historyFiles(tables) },
  catalog: new GlueCatalog(glue),
  quarantine: new ItemQuarantine({ table: quarantineItems(refused), ...retention }),
  ledger: new ItemLedger({ table: ledgerItems(ledger), rawDays: settings.TIDEMARK_RAW_DAYS, now: Date.now }),
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, async () => knownContracts(event, tables) ?? landEvent(event, deps))
