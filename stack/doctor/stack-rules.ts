import {
  bucketRules,
  databaseRules,
  doctorQueueRules,
  eventSourceRules,
  firehoseRules,
  functionRules,
  secretRules,
  tableRules,
  workgroupRules,
} from './data-rules.ts'
import {
  cdcTaskRules,
  connectionRules,
  instanceRules,
  statisticsRules,
  streamRules,
} from './production-rules.ts'

type Listed = readonly { readonly id: string; readonly title: string }[]

/** Every check of `doctor --stack`, in the order in which they are shown, by account. */
export const stackRules: { readonly production: Listed; readonly data: Listed } = {
  production: [...cdcTaskRules, ...statisticsRules, ...connectionRules, ...instanceRules, ...streamRules],
  data: [
    ...functionRules,
    ...eventSourceRules,
    ...doctorQueueRules,
    ...firehoseRules,
    ...tableRules,
    ...bucketRules,
    ...databaseRules,
    ...workgroupRules,
    ...secretRules,
  ],
}
