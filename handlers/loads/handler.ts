import { tables } from '../../schemas/index.ts'
import { knownContracts } from '../runtime/known-contracts.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { loadsDeps } from './loads-deps.ts'
import { loadsEvent } from './loads-event.ts'
import { loadsSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first load. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(loadsSettings, environment)
const stage = new LambdaStage('loads', lambdaHost())
const deps = loadsDeps(tables, settings, stage)

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(
    context,
    async () => knownContracts(event, tables) ?? runWhole(() => loadsEvent(event, deps), stage),
  )
