import type { StageHost } from './lambda-stage.ts'

/** Where a function's lines go in Lambda. */
export function lambdaHost(): StageHost {
  return { write: (line) => process.stdout.write(line), now: Date.now }
}
