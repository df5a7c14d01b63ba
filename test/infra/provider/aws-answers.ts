import { createHash } from 'node:crypto'
import type { TerraformObject } from './terraform-value.ts'

/** Account and Region that a stack is applied in. */
export interface Place {
  readonly account: string
  readonly region: string
  readonly tags: Readonly<Record<string, string>>
}

/* Arguments that AWS makes a name of, the first that a resource has. */
const NAMES = [
  ...['name', 'bucket', 'function_name', 'alarm_name', 'certificate_id', 'endpoint_id'],
  ...['replication_instance_id', 'replication_task_id', 'replication_subnet_group_id', 'service_name'],
  ...['event_source_arn', 'resource_arn', 'queue_url', 'role', 'rule', 'endpoint', 'description'],
]

/* After `arn:aws:`; {at} is Region and account, {code} what AWS makes up. */
const ARNS: Readonly<Record<string, string>> = {
  aws_athena_workgroup: 'athena:{at}:workgroup/{name}',
  aws_budgets_budget: 'budgets::{account}:budget/{name}',
  aws_cloudwatch_event_rule: 'events:{at}:rule/{name}',
  aws_cloudwatch_log_group: 'logs:{at}:log-group:{name}',
  aws_cloudwatch_metric_alarm: 'cloudwatch:{at}:alarm:{name}',
  aws_dms_certificate: 'dms:{at}:cert:{CODE}',
  aws_dms_endpoint: 'dms:{at}:endpoint:{CODE}',
  aws_dms_replication_instance: 'dms:{at}:rep:{CODE}',
  aws_dms_replication_task: 'dms:{at}:task:{CODE}',
  aws_dms_s3_endpoint: 'dms:{at}:endpoint:{CODE}',
  aws_dynamodb_table: 'dynamodb:{at}:table/{name}',
  aws_glue_catalog_database: 'glue:{at}:database/{name}',
  aws_iam_role: 'iam::{account}:role/{name}',
  aws_kinesis_firehose_delivery_stream: 'firehose:{at}:deliverystream/{name}',
  aws_kinesis_stream: 'kinesis:{at}:stream/{name}',
  aws_kms_alias: 'kms:{at}:{name}',
  aws_kms_key: 'kms:{at}:key/{code}',
  aws_lambda_event_source_mapping: 'lambda:{at}:event-source-mapping:{code}',
  aws_lambda_function: 'lambda:{at}:function:{name}',
  aws_s3_bucket: 's3:::{name}',
  aws_scheduler_schedule: 'scheduler:{at}:schedule/{name}',
  aws_scheduler_schedule_group: 'scheduler:{at}:schedule-group/{name}',
  aws_secretsmanager_secret: 'secretsmanager:{at}:secret:{name}-AbCdEf',
  aws_security_group: 'ec2:{at}:security-group/sg-{code}',
  aws_sns_topic: 'sns:{at}:{name}',
  aws_sqs_queue: 'sqs:{at}:{name}',
  aws_vpc_endpoint: 'ec2:{at}:vpc-endpoint/vpce-{code}',
}

/* Where it is not the name. */
const IDS: Readonly<Record<string, string>> = {
  aws_kms_key: '{code}',
  aws_lambda_event_source_mapping: '{code}',
  aws_security_group: 'sg-{code}',
  aws_sqs_queue: 'https://sqs.{region}.amazonaws.com/{account}/{name}',
  aws_vpc_endpoint: 'vpce-{code}',
}

const OTHERS: Readonly<Record<string, string>> = {
  'aws_dynamodb_table.stream_arn': `arn:aws:${ARNS['aws_dynamodb_table']}/stream/2026-01-01T00:00:00.000`,
  'aws_kms_key.key_id': '{code}',
  'aws_lambda_event_source_mapping.uuid': '{code}',
  'aws_sqs_queue.url': IDS['aws_sqs_queue'] ?? '',
}

/** What AWS might answer for a text that only it knows: an ARN of the right shape, an id, an address. */
export function awsAnswer(type: string, attribute: string, values: TerraformObject, place: Place): string {
  const name = NAMES.map((key) => values[key]).find((value) => typeof value === 'string') ?? type
  const code = codeOf(`${type} ${name} ${JSON.stringify(values['description'] ?? '')}`)
  const marks: Readonly<Record<string, string>> = {
    name: String(name),
    code,
    CODE: code.replaceAll('-', '').toUpperCase(),
    account: place.account,
    region: place.region,
    at: `${place.region}:${place.account}`,
  }
  return templateOf(type, attribute).replace(/\{(\w+)\}/g, (_, mark: string) => marks[mark] ?? mark)
}

/** A VPC that was given a second range. */
export const VPC_RANGES: readonly [string, ...string[]] = ['10.0.0.0/16', '100.64.0.0/16']

const associated = (cidr_block: string, index: number) => ({
  association_id: `vpc-cidr-assoc-${index}`,
  cidr_block,
  state: 'associated',
})

/** The fixed answers of data sources; undefined for one that the stacks do not ask. */
export function awsData(type: string, place: Place): TerraformObject | undefined {
  if (type === 'aws_caller_identity')
    return { account_id: place.account, id: place.account, arn: `arn:aws:iam::${place.account}:root` }
  if (type === 'aws_region') return { region: place.region, name: place.region, id: place.region }
  if (type === 'aws_partition') return { partition: 'aws', dns_suffix: 'amazonaws.com', id: 'aws' }
  if (type === 'aws_vpc')
    return { cidr_block: VPC_RANGES[0], cidr_block_associations: VPC_RANGES.map(associated) }
  return undefined
}

function templateOf(type: string, attribute: string): string {
  if (attribute === 'id') return IDS[type] ?? '{name}'
  const other = OTHERS[`${type}.${attribute}`]
  if (other !== undefined) return other
  if (/(^|_)arn$/.test(attribute)) return `arn:aws:${ARNS[type] ?? `made-up:{at}:${type}/{name}`}`
  return `made-up-${attribute}`
}

/* In the shape of a UUID, the same for the same resource. */
function codeOf(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex')
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-')
}
