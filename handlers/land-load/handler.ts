import { randomUUID } from 'node:crypto'
import {
  openCatalog,
  openFiles,
  openLease,
  openLedger,
  openMaskKeys,
  openObjects,
  openQuarantine,
  openRawStore,
} from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import type { ReplayAnswer } from '../../core/operations/answers.ts'
import { replayRequest } from '../../core/operations/stack-requests.ts'
import { tables } from '../../schemas/index.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import { queueMessages, s3Notices } from '../land/s3-notices.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import { type ContractsAnswer, knownContracts } from '../runtime/known-contracts.ts'
import type { BatchResponse, LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runEach } from '../runtime/run-each.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { type LandLoadDeps, landLoadNotice } from './land-load-notice.ts'
import { type ReplayEventDeps, replayEvent } from './replay-event.ts'

const SCRATCH = '/tmp/tidemark-land-load'
/* The rest is for the history that is written of it and for what DuckDB spills. */
const COPIES_SHARE = 0.4

const { settings, stage, aws } = openFunction('land-load', functionSettings['land-load'])
const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
const copiesBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
const objects = openObjects(aws, bucket)
const documents = new ObjectDocuments(objects)
const keys = openMaskKeys(aws, settings.TIDEMARK_MASK_SECRET)
const records = openLedger(aws, settings.TIDEMARK_LEDGER_TABLE, settings.TIDEMARK_RAW_DAYS)
const deps: LandLoadDeps & ReplayEventDeps = {
  stage,
  bucket,
  tables,
  objects,
  catalog: openCatalog(aws, { bucket, prefix }, tables),
  quarantine: openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS),
  loads: new LoadDocuments(documents),
  replays: new ReplayDocuments(documents),
  raw: openRawStore(aws, settings.TIDEMARK_RAW_TABLE),
  lease: openLease(aws, settings.TIDEMARK_LEDGER_TABLE),
  ledger: records,
  manifest: records,
  maskKey: () => keys.current(),
  open: () => openFiles(aws, bucket, `${SCRATCH}/${randomUUID()}`, copiesBytes),
  temporary: `${SCRATCH}/spill`,
  memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
}
const work = async ({ body }: { readonly body: string }) => {
  for (const notice of s3Notices(body)) await landLoadNotice(notice, deps)
}

/* What an operator asks for, or messages of the queue. */
const answer = async (event: unknown): Promise<BatchResponse | ContractsAnswer | ReplayAnswer> => {
  const request = replayRequest.safeParse(event)
  if (request.success) return runWhole(() => replayEvent(request.data.replay, deps), stage)
  return knownContracts(event, tables) ?? runEach(queueMessages(event), work, stage)
}

export const handler = (event: unknown, context: LambdaContext) => stage.run(context, () => answer(event))
