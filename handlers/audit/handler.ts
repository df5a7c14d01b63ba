import { openStackAudit } from '../../aws/audit/stack-audit.ts'
import { openQuarantine } from '../../aws/open-aws.ts'
import { tables } from '../../schemas/index.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { auditEvent } from './audit-event.ts'

const { settings, stage, aws } = openFunction('audit', functionSettings.audit)
const deps = {
  ...openStackAudit(aws, tables, {
    rawTable: settings.TIDEMARK_RAW_TABLE,
    ledgerTable: settings.TIDEMARK_LEDGER_TABLE,
    bucket: settings.TIDEMARK_BUCKET,
    systems: settings.TIDEMARK_SYSTEMS,
  }),
  /* Only read here. */
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, 1),
  overdueMs: settings.TIDEMARK_OVERDUE_MINUTES * 60_000,
  stage,
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => auditEvent(event, deps), stage))
