import { type Block, readAwsSchema } from '../provider/aws-schema.ts'
import type { Resource } from '../stack.ts'
import { each, ofType, type Rule } from './rule.ts'
import { at, textAt } from './values.ts'

/* Where each type takes the key that it encrypts with. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  aws_athena_workgroup: ['configuration.0.result_configuration.0.encryption_configuration.0.kms_key_arn'],
  aws_cloudwatch_log_group: ['kms_key_id'],
  aws_dms_endpoint: ['kms_key_arn'],
  aws_dms_replication_instance: ['kms_key_arn'],
  aws_dms_s3_endpoint: ['kms_key_arn', 'server_side_encryption_kms_key_id'],
  aws_dynamodb_table: ['server_side_encryption.0.kms_key_arn'],
  aws_kinesis_firehose_delivery_stream: [
    'extended_s3_configuration.0.kms_key_arn',
    'server_side_encryption.0.key_arn',
  ],
  aws_kinesis_stream: ['kms_key_id'],
  aws_lambda_function: ['kms_key_arn'],
  aws_s3_bucket_server_side_encryption_configuration: [
    'rule.0.apply_server_side_encryption_by_default.0.kms_master_key_id',
  ],
  aws_scheduler_schedule: ['kms_key_arn'],
  aws_secretsmanager_secret: ['kms_key_id'],
  aws_sns_topic: ['kms_master_key_id'],
  aws_sqs_queue: ['kms_master_key_id'],
}

/* Arguments that take a key and have none, with the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  'aws_lambda_event_source_mapping.kms_key_arn': 'of the filter, which holds names of attributes',
  'aws_lambda_function.source_kms_key_arn': 'of an archive in a bucket; ours are uploaded',
  'aws_s3_bucket.server_side_encryption_configuration': 'a resource of its own says it',
}

/* That a key is used at all, which some types say beside it. */
const SWITCHES: Readonly<Record<string, Readonly<Record<string, string | boolean>>>> = {
  aws_athena_workgroup: {
    'configuration.0.result_configuration.0.encryption_configuration.0.encryption_option': 'SSE_KMS',
  },
  aws_dms_s3_endpoint: { encryption_mode: 'SSE_KMS' },
  aws_dynamodb_table: { 'server_side_encryption.0.enabled': true },
  aws_kinesis_firehose_delivery_stream: {
    'server_side_encryption.0.enabled': true,
    'server_side_encryption.0.key_type': 'CUSTOMER_MANAGED_CMK',
  },
  aws_kinesis_stream: { encryption_type: 'KMS' },
  aws_s3_bucket_server_side_encryption_configuration: {
    'rule.0.apply_server_side_encryption_by_default.0.sse_algorithm': 'aws:kms',
  },
}

const schema = readAwsSchema()

/** At rest, everything is under a key that the two accounts own. */
export const encryption: readonly Rule[] = [
  ...Object.entries(KEYS).map(
    ([type, paths]): Rule => ({
      name: `${type} is encrypted with a key of ours`,
      faults: each(type, (resource, all) => [
        ...paths.map((path) =>
          ownKeys(all).has(textAt(resource.values, path)) ? undefined : `${path} is no key of ours`,
        ),
        ...Object.entries(SWITCHES[type] ?? {}).map(([path, wanted]) =>
          at(resource.values, path) === wanted ? undefined : `${path} is not ${wanted}`,
        ),
      ]),
      seeds: Object.fromEntries([
        ...paths.flatMap((path): [string, Rule['seeds'][string]][] => [
          [`no ${path}`, (draft) => draft.set(draft.one(type), path, null)],
          [`${path} of AWS`, (draft) => draft.set(draft.one(type), path, 'alias/aws/service')],
        ]),
        ...Object.keys(SWITCHES[type] ?? {}).map((path): [string, Rule['seeds'][string]] => [
          `${path} is another`,
          (draft) => draft.set(draft.one(type), path, 'NONE'),
        ]),
      ]),
    }),
  ),
  {
    name: 'whatever can take a key is known here',
    faults: (resources) => [
      ...new Set(
        resources.flatMap(({ type, values }) =>
          keyArguments(type, schema.resources[type], values)
            .filter((path) => !isKnown(type, path))
            .map((path) => `${path} takes a key: name it in KEYS, or in WITHOUT with the reason`),
        ),
      ),
    ],
    seeds: {
      'a block that takes a key': (draft) =>
        draft.set(draft.one('aws_dynamodb_table'), 'replica', [{ region_name: 'eu-central-1' }]),
    },
  },
  {
    name: 'every bucket has encryption of its own',
    faults: each('aws_s3_bucket', ({ values, stack }, all) =>
      ofType(all, 'aws_s3_bucket_server_side_encryption_configuration').some(
        (other) => other.stack === stack && other.values['bucket'] === values['bucket'],
      )
        ? undefined
        : 'no server side encryption is configured',
    ),
    seeds: {
      'a bucket without': (draft) =>
        draft.drop('aws_s3_bucket_server_side_encryption_configuration', 'failures'),
    },
  },
  {
    name: 'keys are rotated, and wait before they go',
    faults: each('aws_kms_key', ({ values }) => [
      values['enable_key_rotation'] === true ? undefined : 'is not rotated',
      Number(values['deletion_window_in_days']) === 30 ? undefined : 'does not wait for 30 days',
    ]),
    seeds: {
      'no rotation': (draft) => draft.set(draft.one('aws_kms_key'), 'enable_key_rotation', false),
      'a week': (draft) => draft.set(draft.one('aws_kms_key'), 'deletion_window_in_days', 7),
    },
  },
]

/** ARNs of the keys of both stacks. */
export function ownKeys(resources: readonly Resource[]): ReadonlySet<string> {
  return new Set(ofType(resources, 'aws_kms_key').map(({ values }) => textAt(values, 'arn')))
}

function isKnown(type: string, path: string): boolean {
  const known = (KEYS[type] ?? []).map((key) => `${type}.${key.replaceAll('.0', '')}`)
  return known.includes(path) || Object.keys(WITHOUT).some((prefix) => path.startsWith(prefix))
}

/* Arguments of a resource that take a key, of blocks only those that are there. */
function keyArguments(prefix: string, block: Block | undefined, values: unknown): readonly string[] {
  if (block === undefined) return []
  const own = Object.entries(block.attributes)
    .filter(
      ([name, { optional }]) =>
        optional === true && /^(.*_)?(kms_(master_)?key(_id|_arn)?|key_arn)$/.test(name),
    )
    .map(([name]) => `${prefix}.${name}`)
  const nested = Object.entries(block.blocks).flatMap(([name, { block: inner }]) => {
    const [first] = [at(values, name)].flat()
    return first === undefined || first === null ? [] : keyArguments(`${prefix}.${name}`, inner, first)
  })
  return [...own, ...nested]
}
