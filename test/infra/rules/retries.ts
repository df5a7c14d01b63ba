import type { Resource } from '../stack.ts'
import { statementsOf } from './policy.ts'
import { decided, each, ofType, type Rule } from './rule.ts'
import { jsonAt, listAt, numberAt, textAt } from './values.ts'

const DAY = 86_400
/* What a stream of DynamoDB keeps. */
const STREAM_SECONDS = DAY
/* Nothing but one of these runs at a time: they write what they alone may write. */
const SINGLE = ['audit', 'compact', 'loads', 'reconcile']

/** Everything that is called by itself tries again for a while, ends, and leaves behind what it could not do. */
export const retries: readonly Rule[] = [
  {
    name: 'a reader of a stream gives up, in time, into the bucket of failures',
    faults: each('aws_lambda_event_source_mapping', ({ values }, all) => {
      if (isQueue(values)) return undefined
      const attempts = numberAt(values, 'maximum_retry_attempts') ?? -1
      const age = numberAt(values, 'maximum_record_age_in_seconds') ?? -1
      const failures = textAt(values, 'destination_config.0.on_failure.0.destination_arn')
      return [
        attempts > 0 && attempts <= 100 ? undefined : 'tries again without an end',
        age >= 60 && age < keptSeconds(values, all)
          ? undefined
          : 'tries for longer than its stream keeps a record',
        bucketArns(all).includes(failures) ? undefined : 'what is given up is lost',
        values['bisect_batch_on_function_error'] === true ? undefined : 'gives up whole batches',
        values['starting_position'] === 'TRIM_HORIZON' ? undefined : 'does not begin where its stream begins',
      ]
    }),
    seeds: {
      'for ever': (draft) =>
        draft.set(draft.one('aws_lambda_event_source_mapping', 'capture'), 'maximum_retry_attempts', null),
      'longer than DynamoDB keeps': (draft) =>
        draft.set(
          draft.one('aws_lambda_event_source_mapping', 'format'),
          'maximum_record_age_in_seconds',
          DAY,
        ),
      'longer than Kinesis keeps': (draft) =>
        draft.set(draft.one('aws_kinesis_stream'), 'retention_period', 72),
      'without a destination': (draft) =>
        draft.set(draft.one('aws_lambda_event_source_mapping', 'format'), 'destination_config', []),
      'whole batches': (draft) =>
        draft.set(
          draft.one('aws_lambda_event_source_mapping', 'capture'),
          'bisect_batch_on_function_error',
          false,
        ),
      'from now on': (draft) =>
        draft.set(draft.one('aws_lambda_event_source_mapping', 'capture'), 'starting_position', 'LATEST'),
    },
  },
  decided('a reader says what of a batch it could not do', 'aws_lambda_event_source_mapping', {
    'function_response_types.0': 'ReportBatchItemFailures',
  }),
  {
    name: 'format is not called for what time to live removes, nor for parts of pages',
    faults: each('aws_lambda_event_source_mapping', ({ values, address }) => {
      if (!address.endsWith('.format')) return undefined
      const pattern = jsonAt(values, 'filter_criteria.0.filter.0.pattern')
      return [
        listAt(pattern, 'eventName').join() === 'INSERT,MODIFY' ? undefined : 'is called for removals',
        listAt(pattern, 'dynamodb.NewImage.digest.S').length === 1 ? undefined : 'is called for parts',
      ]
    }),
    seeds: {
      removals: (draft) =>
        draft.edit(
          draft.one('aws_lambda_event_source_mapping', '.format'),
          'filter_criteria.0.filter.0.pattern',
          (pattern) => {
            pattern['eventName'] = ['INSERT', 'MODIFY', 'REMOVE']
          },
        ),
      'no filter': (draft) =>
        draft.set(draft.one('aws_lambda_event_source_mapping', '.format'), 'filter_criteria', []),
    },
  },
  {
    name: 'a queue that is read hides a message for six calls, and keeps what was tried often',
    faults: each('aws_lambda_event_source_mapping', ({ values }, all) => {
      if (!isQueue(values)) return undefined
      const queue = ofType(all, 'aws_sqs_queue').find(
        (one) => one.values['arn'] === values['event_source_arn'],
      )
      const reader = ofType(all, 'aws_lambda_function').find(
        (one) => one.values['arn'] === values['function_name'],
      )
      if (queue === undefined || reader === undefined) return 'its queue or its function is none of ours'
      const redrive = jsonAt(queue.values, 'redrive_policy')
      const dead = ofType(all, 'aws_sqs_queue').find(
        (one) => one.values['arn'] === textAt(redrive, 'deadLetterTargetArn'),
      )
      const attempts = numberAt(redrive, 'maxReceiveCount') ?? 0
      const hidden = numberAt(queue.values, 'visibility_timeout_seconds') ?? 30
      return [
        hidden >= 6 * (numberAt(reader.values, 'timeout') ?? 3)
          ? undefined
          : 'shows a message that is worked on',
        attempts >= 2 && attempts <= 100 ? undefined : 'a message is never given up, or at once',
        dead === undefined ? 'has no queue of dead letters' : undefined,
        numberAt(dead?.values, 'message_retention_seconds') === 14 * DAY
          ? undefined
          : 'forgets dead letters early',
      ]
    }),
    seeds: {
      'a longer function': (draft) => draft.set(draft.one('aws_lambda_function', 'land"'), 'timeout', 301),
      'no redrive': (draft) =>
        draft.set(draft.one('aws_sqs_queue', 'land_queue.aws_sqs_queue.this'), 'redrive_policy', ''),
      'given up at once': (draft) =>
        draft.edit(
          draft.one('aws_sqs_queue', 'land_queue.aws_sqs_queue.this'),
          'redrive_policy',
          (policy) => {
            policy['maxReceiveCount'] = 1
          },
        ),
      'a day': (draft) =>
        draft.set(
          draft.one('aws_sqs_queue', 'land_load_queue.aws_sqs_queue.dead'),
          'message_retention_seconds',
          DAY,
        ),
    },
  },
  {
    name: 'a function that nobody waits for is tried once more at most, and leaves what failed in the bucket of failures',
    faults: each('aws_lambda_function', ({ values, stack }, all) => {
      const settings = ofType(all, 'aws_lambda_function_event_invoke_config').find(
        (one) => one.stack === stack && one.values['function_name'] === values['function_name'],
      )?.values
      const isCalled = ofType(all, 'aws_scheduler_schedule').some(
        (one) => textAt(one.values, 'target.0.arn') === values['arn'],
      )
      const attempts = numberAt(settings, 'maximum_retry_attempts')
      const age = numberAt(settings, 'maximum_event_age_in_seconds') ?? Number.POSITIVE_INFINITY
      const failures = textAt(settings, 'destination_config.0.on_failure.0.destination')
      return [
        attempts !== undefined && attempts <= 1 && age <= DAY ? undefined : 'says no end of attempts',
        !isCalled || bucketArns(all).includes(failures) ? undefined : 'a call that failed is lost',
      ]
    }),
    seeds: {
      'no end': (draft) => draft.drop('aws_lambda_function_event_invoke_config', 'audit'),
      'nothing left behind': (draft) =>
        draft.set(draft.one('aws_lambda_function_event_invoke_config', 'compact'), 'destination_config', []),
    },
  },
  {
    name: 'whoever leaves something in the bucket of failures may write there',
    faults: each('aws_lambda_function', ({ values, address }, all) => {
      const role = textAt(values, 'role').split('/').at(-1)
      const target = failuresOf(textAt(values, 'arn'), textAt(values, 'function_name'), all)
      if (target === '') return undefined
      const allowed = ofType(all, 'aws_iam_role_policy')
        .filter((one) => one.values['role'] === role)
        .flatMap((one) => statementsOf(one))
      const may = (action: string, arn: string) =>
        allowed.some(({ actions, resources }) => actions.includes(action) && resources.includes(arn))
      return may('s3:PutObject', `${target}/aws/lambda/*`) && may('s3:ListBucket', target)
        ? undefined
        : `${address} may not write into ${target}`
    }),
    seeds: {
      'not written': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', '"audit"'), (statements) => {
          const at = statements.findIndex(({ Action: action }) => action === 's3:PutObject')
          statements.splice(at, 1)
        }),
    },
  },
  {
    name: 'a schedule tries for some minutes, and leaves what was not called in a queue',
    faults: each('aws_scheduler_schedule', ({ values }, all) => {
      const dead = textAt(values, 'target.0.dead_letter_config.0.arn')
      const attempts = numberAt(values, 'target.0.retry_policy.0.maximum_retry_attempts') ?? 185
      const age = numberAt(values, 'target.0.retry_policy.0.maximum_event_age_in_seconds') ?? DAY
      return [
        attempts <= 10 && age <= 3_600 ? undefined : 'tries for longer than until the next is due',
        ofType(all, 'aws_sqs_queue').some((one) => one.values['arn'] === dead)
          ? undefined
          : 'has no dead letters',
      ]
    }),
    seeds: {
      'a day': (draft) => draft.set(draft.one('aws_scheduler_schedule'), 'target.0.retry_policy', []),
      'nothing left behind': (draft) =>
        draft.set(draft.one('aws_scheduler_schedule', 'loads'), 'target.0.dead_letter_config', []),
    },
  },
  {
    name: 'a rule of EventBridge says how long it tries',
    faults: each('aws_cloudwatch_event_target', ({ values }) =>
      (numberAt(values, 'retry_policy.0.maximum_retry_attempts') ?? 0) > 0 &&
      (numberAt(values, 'retry_policy.0.maximum_event_age_in_seconds') ?? DAY) < DAY
        ? undefined
        : 'says no end',
    ),
    seeds: { 'no end': (draft) => draft.set(draft.one('aws_cloudwatch_event_target'), 'retry_policy', []) },
  },
  {
    name: 'what writes alone runs alone',
    faults: each('aws_lambda_function', ({ values }) =>
      SINGLE.some((name) => textAt(values, 'function_name').endsWith(`-${name}`)) &&
      values['reserved_concurrent_executions'] !== 1
        ? 'may run twice at a time'
        : undefined,
    ),
    seeds: {
      'two at a time': (draft) =>
        draft.set(draft.one('aws_lambda_function', 'compact'), 'reserved_concurrent_executions', 2),
      'any number': (draft) =>
        draft.set(draft.one('aws_lambda_function', 'loads'), 'reserved_concurrent_executions', null),
    },
  },
  {
    name: 'what is scheduled: loads, an audit, proofs, and the compaction of every table',
    faults: (resources) => {
      const inputs = ofType(resources, 'aws_scheduler_schedule').map(({ values }) => {
        const name = textAt(values, 'target.0.arn').split(':').at(-1)
        return values['state'] === 'ENABLED' ? `${name} ${textAt(values, 'target.0.input')}` : ''
      })
      return [
        'tidemark-loads {}',
        'tidemark-audit {}',
        'tidemark-reconcile {}',
        'tidemark-reconcile {"sample":1}',
      ]
        .filter((wanted) => !inputs.includes(wanted))
        .concat(
          inputs.some((input) => input.startsWith('tidemark-compact {"table":')) ? [] : ['tidemark-compact'],
        )
        .map((wanted) => `nothing calls ${wanted}`)
    },
    seeds: {
      'no audit': (draft) => draft.drop('aws_scheduler_schedule', '"audit"'),
      'held schedules': (draft) =>
        draft.set(draft.one('aws_scheduler_schedule', '"reconcile"'), 'state', 'DISABLED'),
    },
  },
]

function isQueue(values: Resource['values']): boolean {
  return textAt(values, 'event_source_arn').startsWith('arn:aws:sqs:')
}

function keptSeconds(values: Resource['values'], all: readonly Resource[]): number {
  const source = textAt(values, 'event_source_arn')
  const stream = ofType(all, 'aws_kinesis_stream').find((one) => one.values['arn'] === source)
  return stream === undefined ? STREAM_SECONDS : (numberAt(stream.values, 'retention_period') ?? 24) * 3_600
}

function bucketArns(all: readonly Resource[]): readonly string[] {
  return ofType(all, 'aws_s3_bucket')
    .map(({ values }) => textAt(values, 'arn'))
    .filter((arn) => arn.endsWith('-failures'))
}

/* Where a function's failures go, by a stream or by itself; empty when nowhere. */
function failuresOf(arn: string, name: string, all: readonly Resource[]): string {
  const mapping = ofType(all, 'aws_lambda_event_source_mapping').find(
    (one) => one.values['function_name'] === arn,
  )
  const settings = ofType(all, 'aws_lambda_function_event_invoke_config').find(
    (one) => one.values['function_name'] === name,
  )
  return (
    textAt(mapping?.values, 'destination_config.0.on_failure.0.destination_arn') ||
    textAt(settings?.values, 'destination_config.0.on_failure.0.destination')
  )
}
