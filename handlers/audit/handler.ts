import { openStackAudit } from '../../aws/audit/stack-audit.ts'
import { dynamoClient } from '../../aws/calls/clients.ts'
import { quarantineItems } from '../../aws/dynamo/dynamo-items.ts'
import { tables } from '../../schemas/index.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { auditEvent } from './audit-event.ts'
import { auditSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first audit. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(auditSettings, environment)
const stage = new LambdaStage('audit', lambdaHost())
const places = {
  ...stage.clientSettings(settings.AWS_REGION),
  rawTable: settings.TIDEMARK_RAW_TABLE,
  ledgerTable: settings.TIDEMARK_LEDGER_TABLE,
  bucket: settings.TIDEMARK_BUCKET,
  systems: settings.TIDEMARK_SYSTEMS,
}
const overdueMs = settings.TIDEMARK_OVERDUE_MINUTES * 60_000
const refused = {
  client: dynamoClient(stage.clientSettings(settings.AWS_REGION)),
  name: settings.TIDEMARK_QUARANTINE_TABLE,
  retry: stage.retry,
}
const quarantine = new ItemQuarantine({ table: quarantineItems(refused), retentionDays: 1, now: stage.now })
const deps = { ...openStackAudit(tables, places, stage.retry), quarantine, overdueMs, stage }

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => auditEvent(event, deps), stage))
