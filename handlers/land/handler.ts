import { openCatalog, openLedger, openObjects, openQuarantine } from '../../aws/open-aws.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { tables } from '../../schemas/index.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { landEvent } from './land-event.ts'

const { settings, stage, aws } = openFunction('land', functionSettings.land)
const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
const deps = {
  bucket,
  stage,
  objects: openObjects(aws, bucket),
  historyFiles: historyFiles(tables),
  catalog: openCatalog(aws, { bucket, prefix }, tables),
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS),
  ledger: openLedger(aws, settings.TIDEMARK_LEDGER_TABLE, settings.TIDEMARK_RAW_DAYS),
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, async () => knownContracts(event, tables) ?? landEvent(event, deps))
