import { tables } from '../../schemas/index.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { proveAll } from './prove-all.ts'
import { proveDeps } from './prove-deps.ts'
import { reconcileSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first proof. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(reconcileSettings, environment)
const stage = new LambdaStage('reconcile', lambdaHost())
const deps = proveDeps(tables, settings, stage)

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => proveAll(event, deps), stage))
