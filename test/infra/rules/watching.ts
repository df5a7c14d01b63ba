import type { Resource } from '../stack.ts'
import { each, ofType, type Rule, whole } from './rule.ts'
import { at, jsonAt, listAt, textAt } from './values.ts'

/* What must ring, in the words of the operator, with the metric that says so. */
const ALARMS: Readonly<Record<string, string>> = {
  'a slot keeps the source its log': 'AWS/RDS OldestReplicationSlotLag',
  'the log fills the source': 'AWS/RDS TransactionLogsDiskUsage',
  "the source's disk": 'AWS/RDS FreeStorageSpace',
  'DMS is behind the source': 'AWS/DMS CDCLatencySource',
  'the stream is behind DMS': 'AWS/DMS CDCLatencyTarget',
  'the disk of DMS': 'AWS/DMS FreeStorageSpace',
  'a table is given up': 'Tidemark/DMS TablesInError',
  'a task logs an error': 'Tidemark/DMS Errors',
  'a rule is not heard': 'AWS/Events FailedInvocations',
  'the stream refuses records': 'AWS/Kinesis WriteProvisionedThroughputExceeded',
  'a reader of the stream is behind': 'AWS/Kinesis GetRecords.IteratorAgeMilliseconds',
  'records are given up': 'AWS/Lambda OnFailureDestinationDeliveredEventCount',
  'records are lost': 'AWS/Lambda DroppedEventCount',
  'calls are dropped': 'AWS/Lambda AsyncEventsDropped',
  'functions do not start': 'AWS/Lambda Throttles',
  'DynamoDB refuses pages': 'AWS/DynamoDB WriteThrottleEvents',
  'Firehose holds blocks back': 'AWS/Firehose DeliveryToS3.DataFreshness',
  'Firehose cannot write': 'AWS/Firehose DeliveryToS3.Success',
  'a message waits': 'AWS/SQS ApproximateAgeOfOldestMessage',
  'changes are late in the lake': 'Tidemark freshness',
  'a refused change waits': 'Tidemark quarantineAge',
  'a change is missing': 'Tidemark missing',
  'lake and source differ': 'Tidemark unequal',
  'a proof is old': 'Tidemark proofAge',
  'compaction does not keep up': 'Tidemark left',
}

/* A metric of one of ours is about one that is there: the dimension, the type and the argument that it names. */
const NAMED: Readonly<Record<string, readonly [type: string, argument: string]>> = {
  DeliveryStreamName: ['aws_kinesis_firehose_delivery_stream', 'name'],
  EventSourceMappingUUID: ['aws_lambda_event_source_mapping', 'uuid'],
  FunctionName: ['aws_lambda_function', 'function_name'],
  QueueName: ['aws_sqs_queue', 'name'],
  ReplicationInstanceIdentifier: ['aws_dms_replication_instance', 'replication_instance_id'],
  RuleName: ['aws_cloudwatch_event_rule', 'name'],
  StreamName: ['aws_kinesis_stream', 'name'],
  TableName: ['aws_dynamodb_table', 'name'],
}

/** Whatever goes wrong, a person is told, of the right thing. */
export const watching: readonly Rule[] = [
  ...Object.entries(ALARMS).map(
    ([what, metric]): Rule => ({
      name: `it rings when ${what}: ${metric}`,
      faults: whole((resources) =>
        alarms(resources).some((alarm) => metricOf(alarm) === metric)
          ? undefined
          : `nobody is told of ${metric}`,
      ),
      seeds: {
        'no such alarm': (draft) => {
          draft.resources = draft.resources.filter((one) => metricOf(one) !== metric)
        },
      },
    }),
  ),
  {
    name: 'every alarm says what it means, tells the topic of its stack, and knows what no data means',
    faults: each('aws_cloudwatch_metric_alarm', ({ values, stack }, all) => {
      const topics = ofType(all, 'aws_sns_topic')
        .filter((one) => one.stack === stack)
        .map((one) => one.values['arn'])
      return [
        textAt(values, 'alarm_description').length > 20 ? undefined : 'does not say what it means',
        topics.includes(at(values, 'alarm_actions.0')) ? undefined : 'tells nobody',
        topics.includes(at(values, 'ok_actions.0')) ? undefined : 'does not say when it is over',
        ['breaching', 'notBreaching', 'ignore'].includes(textAt(values, 'treat_missing_data'))
          ? undefined
          : 'does not know what no data means',
      ]
    }),
    seeds: {
      'no words': (draft) => draft.set(draft.one('aws_cloudwatch_metric_alarm'), 'alarm_description', ''),
      nobody: (draft) => draft.set(draft.one('aws_cloudwatch_metric_alarm'), 'alarm_actions', []),
      'no end': (draft) => draft.set(draft.one('aws_cloudwatch_metric_alarm'), 'ok_actions', null),
      'no data': (draft) => draft.set(draft.one('aws_cloudwatch_metric_alarm'), 'treat_missing_data', null),
    },
  },
  {
    name: 'an alarm is about something that is there',
    faults: each('aws_cloudwatch_metric_alarm', ({ values, stack }, all) =>
      Object.entries(Object(values['dimensions'])).map(([dimension, name]) => {
        const named = NAMED[dimension]
        const isThere =
          named === undefined ||
          ofType(all, named[0]).some((one) => one.stack === stack && one.values[named[1]] === name)
        return isThere ? undefined : `there is no ${dimension} ${name}`
      }),
    ),
    seeds: {
      'a function of another name': (draft) =>
        draft.set(draft.one('aws_lambda_function', 'compact'), 'function_name', 'tidemark-compaction'),
      'a queue of another name': (draft) =>
        draft.set(draft.one('aws_sqs_queue', 'land_queue.aws_sqs_queue.dead'), 'name', 'tidemark-land-lost'),
    },
  },
  {
    name: 'every queue of dead letters has its alarm',
    faults: each('aws_sqs_queue', ({ values }, all) =>
      !textAt(values, 'name').endsWith('-dead') ||
      isWatched(all, 'AWS/SQS ApproximateNumberOfMessagesVisible', 'QueueName', values['name'])
        ? undefined
        : 'nobody is told of a dead letter',
    ),
    seeds: { none: (draft) => draft.drop('aws_cloudwatch_metric_alarm', 'land-load-dead-letters') },
  },
  {
    name: 'every function has an alarm of its errors, and of its stream if it reads one',
    faults: each('aws_lambda_function', ({ values }, all) => {
      const name = values['function_name']
      const reads = ofType(all, 'aws_lambda_event_source_mapping').some(
        (one) =>
          one.values['function_name'] === values['arn'] &&
          !textAt(one.values, 'event_source_arn').includes(':sqs:'),
      )
      return [
        isWatched(all, 'AWS/Lambda Errors', 'FunctionName', name)
          ? undefined
          : 'nobody is told of its errors',
        !reads || isWatched(all, 'AWS/Lambda IteratorAge', 'FunctionName', name)
          ? undefined
          : 'nobody is told that it is behind',
      ]
    }),
    seeds: {
      'no errors': (draft) => draft.drop('aws_cloudwatch_metric_alarm', 'reconcile-errors'),
      'no age': (draft) => draft.drop('aws_cloudwatch_metric_alarm', 'format-iterator-age'),
    },
  },
  {
    name: 'who captures, proves and audits is missed when silent',
    faults: each('aws_cloudwatch_metric_alarm', ({ address, values }) =>
      /"(audit-silent|reconcile-proof-age|cdc-latency-(source|target))"/.test(address) &&
      values['treat_missing_data'] !== 'breaching'
        ? 'takes silence for good news'
        : undefined,
    ),
    seeds: {
      'a task that stands is good news': (draft) =>
        draft.set(draft.one('aws_cloudwatch_metric_alarm', 'latency-source'), 'treat_missing_data', 'ignore'),
      'no proof is good news': (draft) =>
        draft.set(
          draft.one('aws_cloudwatch_metric_alarm', 'proof-age'),
          'treat_missing_data',
          'notBreaching',
        ),
    },
  },
  {
    name: 'the end of the cdc task, and failures of loads and of the instance, are told',
    faults: whole((resources) => {
      const told = ofType(resources, 'aws_cloudwatch_event_target').map(({ values }) => values['rule'])
      const heard = ofType(resources, 'aws_cloudwatch_event_rule')
        .filter(({ values }) => told.includes(values['name']) && values['state'] !== 'DISABLED')
        .map(({ values }) => jsonAt(values, 'event_pattern'))
        .filter((pattern) => listAt(pattern, 'source').join() === 'aws.dms')
        .flatMap((pattern) => listAt(pattern, 'resources'))
      const wanted = [
        ...ofType(resources, 'aws_dms_replication_task').map(({ values }) => values['replication_task_arn']),
        ...ofType(resources, 'aws_dms_replication_instance').map(
          ({ values }) => values['replication_instance_arn'],
        ),
      ]
      return wanted.filter((arn) => !heard.includes(arn)).map((arn) => `nobody is told of ${arn}`)
    }),
    seeds: {
      'a rule without a target': (draft) => draft.drop('aws_cloudwatch_event_target', '"cdc"'),
      'another service': (draft) =>
        draft.edit(draft.one('aws_cloudwatch_event_rule', '.failures'), 'event_pattern', (pattern) => {
          pattern['source'] = ['aws.rds']
        }),
    },
  },
  {
    name: 'somebody reads what a topic says',
    faults: each('aws_sns_topic', ({ values, stack }, all) =>
      ofType(all, 'aws_sns_topic_subscription').some(
        (one) => one.stack === stack && one.values['topic_arn'] === values['arn'],
      )
        ? undefined
        : 'nobody has subscribed',
    ),
    seeds: { nobody: (draft) => draft.drop('aws_sns_topic_subscription') },
  },
  {
    name: 'a budget of each account tells of what was spent and of what will be',
    faults: whole((resources) =>
      ['production', 'data'].flatMap((stack) => {
        const budget = ofType(resources, 'aws_budgets_budget').find((one) => one.stack === stack)
        const told = listAt(budget?.values, 'notification')
          .filter((one) => listAt(one, 'subscriber_sns_topic_arns').length > 0)
          .map((one) => at(one, 'notification_type'))
        return ['ACTUAL', 'FORECASTED'].map((type) =>
          told.includes(type) ? undefined : `${stack}: nobody is told of ${type} costs`,
        )
      }),
    ),
    seeds: {
      'no budget': (draft) => draft.drop('aws_budgets_budget'),
      'nobody is told': (draft) =>
        draft.set(draft.one('aws_budgets_budget'), 'notification.0.subscriber_sns_topic_arns', []),
    },
  },
]

function alarms(resources: readonly Resource[]): readonly Resource[] {
  return ofType(resources, 'aws_cloudwatch_metric_alarm')
}

function metricOf({ values }: Pick<Resource, 'values'>): string {
  return `${textAt(values, 'namespace')} ${textAt(values, 'metric_name')}`
}

function isWatched(all: readonly Resource[], metric: string, dimension: string, name: unknown): boolean {
  return alarms(all).some(
    (alarm) => metricOf(alarm) === metric && at(alarm.values, `dimensions.${dimension}`) === name,
  )
}
