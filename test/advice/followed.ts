import { awsFollowed } from './aws-failures.ts'
import { folderRuleScenarios } from './folder-scenarios.ts'
import type { Follow } from './follow.ts'
import { liveFailures } from './live-failures.ts'
import { otherFailures } from './other-failures.ts'
import { rowFailures } from './row-failures.ts'
import { runFailures } from './run-failures.ts'
import { sourceFollowed } from './source-failures.ts'
import { driftScenarios, statusLineScenarios } from './status-lines.ts'

type All = Readonly<Record<string, Follow>>

const failures: All = {
  ...rowFailures,
  ...runFailures,
  ...otherFailures,
  ...sourceFollowed,
  ...liveFailures,
  ...awsFollowed,
}

/** How each advice that Tidemark prints is known to be right. */
export const followed = {
  failures,
  folderRules: folderRuleScenarios,
  statusLines: statusLineScenarios as All,
  drift: driftScenarios as All,
}
