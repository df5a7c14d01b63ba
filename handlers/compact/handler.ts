import { tables } from '../../schemas/index.ts'
import { lambdaHost } from '../runtime/lambda-host.ts'
import { type LambdaContext, LambdaStage } from '../runtime/lambda-stage.ts'
import { readSettings } from '../runtime/read-settings.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { compactDeps } from './compact-deps.ts'
import { compactTables } from './compact-tables.ts'
import { compactSettings } from './settings.ts'

/* Built once for each execution environment: a bad setting fails the cold start, not the first table. */
// biome-ignore lint/style/noProcessEnv: the entry of a function is where its environment is read
const environment = process.env
const settings = readSettings(compactSettings, environment)
const stage = new LambdaStage('compact', lambdaHost())
const domains = [...new Set(tables.map(({ name }) => name.split('.')[0] ?? ''))]
const deps = compactDeps(domains, settings, stage)

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => compactTables(event, deps), stage))
