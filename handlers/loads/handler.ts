import { assumedRole } from '../../aws/calls/assumed-role.ts'
import { dmsClient } from '../../aws/calls/clients.ts'
import { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { openCatalog, openObjects, openRawStore } from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { tables } from '../../schemas/index.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { loadSteps } from './load-steps.ts'
import { loadsEvent } from './loads-event.ts'

const { settings, stage, aws } = openFunction('loads', functionSettings.loads)
const {
  AWS_REGION: region,
  TIDEMARK_BUCKET: bucket,
  TIDEMARK_CATALOG_PREFIX: prefix,
  TIDEMARK_SOURCE_ROLE: role,
} = settings
const objects = openObjects(aws, bucket)
const ports = {
  stage,
  objects,
  catalog: openCatalog(aws, { bucket, prefix }, tables),
  ledger: new LoadDocuments(new ObjectDocuments(objects)),
}
const contracts = tables.filter(({ source }) => settings.TIDEMARK_SYSTEMS.includes(source.system))
const deps = {
  ...ports,
  ...loadSteps({
    ...ports,
    contracts,
    epoch: settings.TIDEMARK_EPOCH,
    raw: openRawStore(aws, settings.TIDEMARK_RAW_TABLE),
  }),
  sources: [...new Set(contracts.map(({ source }) => source.table))],
  task: new DmsLoadTask({
    /* The task is where the source is. */
    client: dmsClient({
      ...stage.clientSettings(region),
      ...(role === undefined ? {} : assumedRole(role, region)),
    }),
    retry: aws.retry,
    task: settings.TIDEMARK_LOAD_TASK,
    endpoint: settings.TIDEMARK_LOAD_ENDPOINT,
    pollMs: 2_000,
    settleDeadlineMs: 120_000,
  }),
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(
    context,
    async () => knownContracts(event, tables) ?? runWhole(() => loadsEvent(event, deps), stage),
  )
