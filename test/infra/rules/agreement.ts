import type { Resource } from '../stack.ts'
import { conditionOn, statementsOf } from './policy.ts'
import { each, ofType, type Rule } from './rule.ts'
import { at, textAt } from './values.ts'

const POLICIES: readonly string[] = [
  ...['aws_iam_role', 'aws_kinesis_resource_policy', 'aws_kms_key', 'aws_s3_bucket_policy'],
]

/* What makes a resource of a type the only one of its name in an account and Region. */
const UNIQUE: Readonly<Record<string, string>> = {
  aws_athena_workgroup: 'name',
  aws_budgets_budget: 'name',
  aws_cloudwatch_dashboard: 'dashboard_name',
  aws_cloudwatch_event_rule: 'name',
  aws_cloudwatch_log_group: 'name',
  aws_cloudwatch_metric_alarm: 'alarm_name',
  aws_dms_certificate: 'certificate_id',
  aws_dms_endpoint: 'endpoint_id',
  aws_dms_replication_instance: 'replication_instance_id',
  aws_dms_replication_task: 'replication_task_id',
  aws_dms_s3_endpoint: 'endpoint_id',
  aws_dynamodb_table: 'name',
  aws_glue_catalog_database: 'name',
  aws_iam_role: 'name',
  aws_kinesis_firehose_delivery_stream: 'name',
  aws_kinesis_stream: 'name',
  aws_kms_alias: 'name',
  aws_lambda_function: 'function_name',
  aws_s3_bucket: 'bucket',
  aws_scheduler_schedule_group: 'name',
  aws_secretsmanager_secret: 'name',
  aws_security_group: 'name',
  aws_sns_topic: 'name',
  aws_sqs_queue: 'name',
}

/* Characters that a name may have, where AWS gives fewer than a hundred. */
const LONGEST: Readonly<Record<string, number>> = {
  aws_cloudwatch_event_rule: 64,
  aws_dms_replication_instance: 63,
  aws_iam_role: 64,
  aws_kinesis_firehose_delivery_stream: 64,
  aws_lambda_function: 64,
  aws_s3_bucket: 63,
  aws_scheduler_schedule_group: 64,
  aws_sqs_queue: 80,
}

/* The example's, and how long `var.name` may be. */
const NAME = 'tidemark'
const LONGEST_NAME = 24

/** What one account says of the other is so: names, roles and keys are said in two places. */
export const agreement: readonly Rule[] = [
  {
    name: 'names fit, whatever the stacks are called',
    faults: (resources) =>
      resources.flatMap(({ stack, address, type, values }) => {
        const [limit, name] = [LONGEST[type], textAt(values, UNIQUE[type] ?? '')]
        const grown = name.includes(NAME) ? name.length + LONGEST_NAME - NAME.length : name.length
        return limit === undefined || grown <= limit
          ? []
          : [`${stack}: ${address}: ${name} may have ${grown} characters, and has room for ${limit}`]
      }),
    seeds: {
      'a function with a long name': (draft) =>
        draft.set(draft.one('aws_lambda_function'), 'function_name', `tidemark-${'x'.repeat(40)}`),
      'a bucket with a long name': (draft) =>
        draft.set(draft.one('aws_s3_bucket'), 'bucket', `example-${'x'.repeat(60)}`),
    },
  },
  {
    name: 'both stacks fit into one account: no name is taken twice',
    faults: (resources) => {
      const taken = new Map<string, string>()
      return resources.flatMap(({ stack, address, type, values }) => {
        const name = textAt(values, UNIQUE[type] ?? '')
        const place = `${type} ${name}`
        const before = taken.get(place)
        if (name !== '') taken.set(place, `${stack}: ${address}`)
        return name === '' || before === undefined
          ? []
          : [`${stack}: ${address}: ${name} is the name of ${before}`]
      })
    },
    seeds: {
      'an alias of the other stack': (draft) =>
        draft.set(
          draft.one('aws_kms_alias', ({ stack }) => stack === 'production'),
          'name',
          textAt(draft.one('aws_kms_alias', ({ stack }) => stack === 'data').values, 'name'),
        ),
    },
  },
  {
    name: 'a role that is let in from the other account is there',
    faults: each(POLICIES, (resource, all) => {
      const roles = new Set(ofType(all, 'aws_iam_role').map(({ values }) => textAt(values, 'arn')))
      const path = resource.type === 'aws_iam_role' ? 'assume_role_policy' : 'policy'
      return statementsOf(resource, path)
        .flatMap((statement) => conditionOn(statement, 'aws:PrincipalArn'))
        .filter((arn) => !roles.has(arn))
        .map((arn) => `lets in ${arn}, which is nowhere`)
    }),
    seeds: {
      'a function of another name': (draft) => {
        draft.one('aws_iam_role', '"capture"').values['arn'] =
          'arn:aws:iam::222222222222:role/tidemark-changes'
      },
      'a role of DMS of another name': (draft) => {
        draft.one('aws_iam_role', 'source.aws_iam_role.loads').values['arn'] =
          'arn:aws:iam::111111111111:role/loads'
      },
    },
  },
  {
    name: 'capture may read the stream, in both accounts, and decrypt it',
    faults: each('aws_kinesis_resource_policy', ({ values }, all) => {
      const stream = textAt(values, 'resource_arn')
      const mapping = ofType(all, 'aws_lambda_event_source_mapping').find(
        (one) => one.values['event_source_arn'] === stream,
      )
      const reader = ofType(all, 'aws_lambda_function').find(
        (one) => one.values['arn'] === mapping?.values['function_name'],
      )
      if (reader === undefined) return `nobody reads ${stream}`
      const role = textAt(reader.values, 'role')
      const key = ofType(all, 'aws_kinesis_stream').find((one) => one.values['arn'] === stream)?.values[
        'kms_key_id'
      ]
      return [
        ...[
          'DescribeStream',
          'DescribeStreamSummary',
          'GetRecords',
          'GetShardIterator',
          'ListShards',
        ].flatMap((action) => [
          isGiven(values, role, `kinesis:${action}`) ? undefined : `does not let ${role} ${action}`,
          isAllowed(all, role, `kinesis:${action}`, stream) ? undefined : `${role} may not ${action}`,
        ]),
        ...decrypts(all, role, String(key)),
      ]
    }),
    seeds: {
      'not given': (draft) =>
        draft.statements(draft.one('aws_kinesis_resource_policy'), ([first]) => {
          if (first) first['Action'] = ['kinesis:GetRecords']
        }),
      'another stream': (draft) =>
        draft.set(
          draft.one('aws_lambda_event_source_mapping', '.capture'),
          'event_source_arn',
          'arn:aws:kinesis:x',
        ),
      'no key': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', '"capture"'), (statements) => {
          statements.splice(
            0,
            statements.length,
            ...statements.filter((one) => one['Action'] !== 'kms:Decrypt'),
          )
        }),
      'a key that does not know it': (draft) =>
        draft.statements(draft.one('aws_kms_key', 'shared_key'), (statements) => {
          statements.pop()
        }),
    },
  },
  {
    name: 'DMS may write files of loads into the lake, and land-load may decrypt them',
    faults: each('aws_dms_s3_endpoint', ({ values }, all) => {
      const role = textAt(values, 'service_access_role_arn')
      const files = `arn:aws:s3:::${values['bucket_name']}/landing/loads/*`
      const bucket = ofType(all, 'aws_s3_bucket_policy').find(
        (one) => one.values['bucket'] === values['bucket_name'],
      )
      const reader = ofType(all, 'aws_iam_role').find(({ address }) => address.includes('"land-load"'))
      return [
        bucket === undefined ? 'its bucket is not that of the lake' : undefined,
        ...['s3:DeleteObject', 's3:PutObject', 's3:PutObjectTagging'].flatMap((action) => [
          isGiven(bucket?.values, role, action) ? undefined : `the bucket does not let it ${action}`,
          isAllowed(all, role, action, files) ? undefined : `its role may not ${action}`,
        ]),
        ...decrypts(all, textAt(reader?.values, 'arn'), textAt(values, 'server_side_encryption_kms_key_id')),
      ]
    }),
    seeds: {
      'another bucket': (draft) => draft.set(draft.one('aws_dms_s3_endpoint'), 'bucket_name', 'example-lake'),
      'not given': (draft) =>
        draft.statements(draft.one('aws_s3_bucket_policy', 'lake'), (statements) => {
          statements.length = 1
        }),
      'no key': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', '"land-load"'), (statements) => {
          statements.splice(
            0,
            statements.length,
            ...statements.filter((one) => one['Action'] !== 'kms:Decrypt'),
          )
        }),
    },
  },
]

/* A policy of a resource lets a role in. */
function isGiven(values: unknown, role: string, action: string): boolean {
  if (typeof values !== 'object' || values === null) return false
  return statementsOf({ values: { policy: at(values, 'policy') } }).some(
    (statement) =>
      statement.effect === 'Allow' &&
      statement.actions.includes(action) &&
      conditionOn(statement, 'aws:PrincipalArn').includes(role),
  )
}

/* A role's own policy allows it. */
function isAllowed(all: readonly Resource[], role: string, action: string, arn: string): boolean {
  return ofType(all, 'aws_iam_role_policy')
    .filter(({ values, stack }) => isOf(all, role, textAt(values, 'role'), stack))
    .flatMap((policy) => statementsOf(policy))
    .some(
      (statement) =>
        statement.effect === 'Allow' &&
        statement.actions.includes(action) &&
        statement.resources.includes(arn),
    )
}

function isOf(all: readonly Resource[], arn: string, name: string, stack: string): boolean {
  return ofType(all, 'aws_iam_role').some(
    ({ values, stack: own }) => own === stack && values['arn'] === arn && values['name'] === name,
  )
}

function decrypts(all: readonly Resource[], role: string, key: string): readonly (string | undefined)[] {
  const policy = ofType(all, 'aws_kms_key').find(({ values }) => values['arn'] === key)
  return [
    isGiven(policy?.values, role, 'kms:Decrypt') ? undefined : `${key} does not let ${role} decrypt`,
    isAllowed(all, role, 'kms:Decrypt', key) ? undefined : `${role} may not decrypt with ${key}`,
  ]
}
