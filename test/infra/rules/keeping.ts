import type { Resource } from '../stack.ts'
import { decided, each, ofType, type Rule } from './rule.ts'
import { at, listAt, numberAt, textAt } from './values.ts'

/* What cannot be made again. */
const KEPT: readonly string[] = [
  ...[
    'aws_dynamodb_table',
    'aws_kinesis_stream',
    'aws_kms_key',
    'aws_s3_bucket',
    'aws_secretsmanager_secret',
  ],
]

const isRaw = ({ values }: Resource) => textAt(values, 'name').endsWith('-raw')

/** What holds data is not lost by a mistake, and not kept for ever either. */
export const keeping: readonly Rule[] = [
  {
    name: 'Terraform refuses to destroy what cannot be made again',
    faults: (resources) =>
      resources
        .filter(({ type, values }) => KEPT.includes(type) || values['migration_type'] === 'cdc')
        .filter(({ isKept }) => !isKept)
        .map(({ address }) => `${address}: would be destroyed without a word`),
    seeds: Object.fromEntries(
      [...KEPT, 'aws_dms_replication_task'].map((type) => [
        `a ${type} that is not kept`,
        (draft) => {
          draft.one(type).isKept = false
        },
      ]),
    ),
  },
  decided('tables cannot be deleted, and can be had back of any second', 'aws_dynamodb_table', {
    deletion_protection_enabled: true,
    'point_in_time_recovery.0.enabled': true,
    billing_mode: 'PAY_PER_REQUEST',
    'ttl.0.enabled': true,
    'ttl.0.attribute_name': 'expires',
  }),
  decided(
    'raw pages are streamed as they are written',
    'aws_dynamodb_table',
    {
      stream_enabled: true,
      stream_view_type: 'NEW_IMAGE',
      'global_secondary_index.0.name': 'heads',
      'global_secondary_index.0.projection_type': 'INCLUDE',
    },
    isRaw,
  ),
  decided('the stream grows by itself', 'aws_kinesis_stream', {
    'stream_mode_details.0.stream_mode': 'ON_DEMAND',
  }),
  {
    name: 'the stream keeps changes over a long weekend',
    faults: each('aws_kinesis_stream', ({ values }) =>
      (numberAt(values, 'retention_period') ?? 24) >= 72 ? undefined : 'forgets within three days',
    ),
    seeds: { 'a day': (draft) => draft.set(draft.one('aws_kinesis_stream'), 'retention_period', null) },
  },
  decided('a secret that is deleted can be had back for a month', 'aws_secretsmanager_secret', {
    recovery_window_in_days: 30,
  }),
  {
    name: 'what is overwritten in a bucket can be had back for some days, and is removed then',
    faults: each('aws_s3_bucket', ({ values, stack }, all) => {
      const of = (type: string) =>
        ofType(all, type).find((one) => one.stack === stack && one.values['bucket'] === values['bucket'])
          ?.values
      const rules = listAt(of('aws_s3_bucket_lifecycle_configuration'), 'rule')
      const has = (path: string) =>
        rules.some((rule) => at(rule, 'status') === 'Enabled' && (numberAt(rule, path) ?? 0) > 0)
      return [
        textAt(of('aws_s3_bucket_versioning'), 'versioning_configuration.0.status') === 'Enabled'
          ? undefined
          : 'keeps no versions',
        has('noncurrent_version_expiration.0.noncurrent_days') ? undefined : 'keeps old versions for ever',
        has('abort_incomplete_multipart_upload.0.days_after_initiation') ? undefined : 'keeps broken uploads',
        values['force_destroy'] === true ? 'is emptied when it is destroyed' : undefined,
      ]
    }),
    seeds: {
      'no versions': (draft) => draft.drop('aws_s3_bucket_versioning', 'lake'),
      'old versions for ever': (draft) =>
        draft.set(
          draft.one('aws_s3_bucket_lifecycle_configuration', 'lake'),
          'rule.0.noncurrent_version_expiration',
          [],
        ),
      'broken uploads': (draft) =>
        draft.set(draft.one('aws_s3_bucket_lifecycle_configuration', 'results'), 'rule.0.status', 'Disabled'),
      'emptied by a destroy': (draft) => draft.set(draft.one('aws_s3_bucket', 'lake'), 'force_destroy', true),
    },
  },
  {
    name: 'what the lake does not keep goes by its prefix: landed objects, refused ones, failures; never history or base',
    faults: each('aws_s3_bucket_lifecycle_configuration', ({ values, address }) => {
      const expiring = listAt(values, 'rule').filter(
        (rule) => numberAt(rule, 'expiration.0.days') !== undefined,
      )
      const prefixes = expiring.map((rule) => textAt(rule, 'filter.0.prefix'))
      if (!address.startsWith('module.lake.'))
        return prefixes.length > 0 ? undefined : 'keeps everything for ever'
      const wanted = ['failures/', 'landing/changes/', 'landing/loads/', 'landing/rejected/']
      return prefixes.toSorted().join() === wanted.join() ? undefined : `removes ${prefixes}`
    }),
    seeds: {
      'history expires': (draft) =>
        draft.set(
          draft.one('aws_s3_bucket_lifecycle_configuration', 'lake'),
          'rule.1.filter.0.prefix',
          'lake/',
        ),
      'everything expires': (draft) =>
        draft.set(draft.one('aws_s3_bucket_lifecycle_configuration', 'lake'), 'rule.1.filter.0.prefix', ''),
      'results for ever': (draft) =>
        draft.set(draft.one('aws_s3_bucket_lifecycle_configuration', 'results'), 'rule.1.expiration', []),
    },
  },
  {
    name: 'lines of logs go after some months',
    faults: each('aws_cloudwatch_log_group', ({ values }) => {
      const days = numberAt(values, 'retention_in_days') ?? 0
      return days > 0 && days <= 400 ? undefined : 'keeps lines for ever'
    }),
    seeds: {
      'for ever': (draft) => draft.set(draft.one('aws_cloudwatch_log_group'), 'retention_in_days', 0),
    },
  },
  {
    name: 'every function has a log group of its own',
    faults: each('aws_lambda_function', ({ values }, all) => {
      const name = `/aws/lambda/${values['function_name']}`
      return textAt(values, 'logging_config.0.log_group') === name &&
        ofType(all, 'aws_cloudwatch_log_group').some((one) => one.values['name'] === name)
        ? undefined
        : 'Lambda makes a group with neither key nor end'
    }),
    seeds: { none: (draft) => draft.drop('aws_cloudwatch_log_group', '"land"') },
  },
]
