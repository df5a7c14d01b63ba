import type * as z from 'zod'
import { type Aws, openAws } from '../../aws/open-aws.ts'
import { LambdaStage } from './lambda-stage.ts'
import { readSettings } from './read-settings.ts'

/** What each handler begins with. */
export interface OpenFunction<Settings> {
  readonly settings: Settings
  readonly stage: LambdaStage
  /** Its calls are counted in the metrics of the stage and end before the invocation has to. */
  readonly aws: Aws
}

/**
 * Opens a function, once for each execution environment. Throws `settings/invalid`: a bad setting fails the cold start, not
 * the first event.
 */
export function openFunction<Settings extends { readonly AWS_REGION: string }>(
  name: string,
  shape: z.ZodType<Settings>,
): OpenFunction<Settings> {
  // biome-ignore lint/style/noProcessEnv: where the environment of a function is read
  const settings = readSettings(shape, process.env)
  const stage = new LambdaStage(name, { write: (line) => process.stdout.write(line), now: Date.now })
  return { settings, stage, aws: openAws(stage.clientSettings(settings.AWS_REGION), stage.retry, stage.now) }
}
