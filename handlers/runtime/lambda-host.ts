import type { StageHost } from './lambda-stage.ts'
import type { Environment } from './read-settings.ts'
import { XrayTrace } from './xray-trace.ts'

/** Where a function's lines and traces go in Lambda. `environment` is the process's own, which Lambda changes. */
export function lambdaHost(environment: Environment): StageHost {
  return {
    write: (line) => process.stdout.write(line),
    now: Date.now,
    trace: new XrayTrace(environment),
  }
}
