import { tables } from '../../schemas/index.ts'
import { queueMessages, s3Notices } from '../land/s3-notices.ts'
import { type ContractsAnswer, knownContracts } from '../runtime/known-contracts.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type BatchResponse, type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runEach } from '../runtime/run-each.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { landLoadDeps } from './land-load-deps.ts'
import { landLoadNotice } from './land-load-notice.ts'
import { type ReplayAnswer, replayEvent, replayRequest } from './replay-event.ts'
import { landLoadSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first message. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(landLoadSettings, environment)
const stage = new LambdaStage('land-load', lambdaHost())
const deps = landLoadDeps(tables, settings, stage)
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
