import { alarmRules, compactionRules, loadRules, proofRules, quarantineRules } from './operations-checks.ts'
import {
  freshnessRules,
  latencyRules,
  ledgerRules,
  queueRules,
  readerRules,
  taskRules,
} from './pipeline-checks.ts'

/** Every check of `status --stack`, in the order in which they are shown. */
export const statusRules: readonly { readonly id: string; readonly title: string }[] = [
  ...taskRules,
  ...latencyRules,
  ...readerRules,
  ...freshnessRules,
  ...queueRules,
  ...ledgerRules,
  ...quarantineRules,
  ...loadRules,
  ...compactionRules,
  ...proofRules,
  ...alarmRules('status.alarms', 'data'),
  ...alarmRules('status.source-alarms', 'production'),
]
