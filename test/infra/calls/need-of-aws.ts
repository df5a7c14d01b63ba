import { ofType } from '../rules/rule.ts'
import { listAt, textAt } from '../rules/values.ts'
import type { Resource } from '../stack.ts'
import type { Allowed } from './allowed.ts'
import type { AwsCalls } from './aws-calls.ts'

/* What Lambda asks for in the name of a role, by what it reads for the function. */
const STREAM_OF_KINESIS = [
  'DescribeStream',
  'DescribeStreamSummary',
  'GetRecords',
  'GetShardIterator',
  'ListShards',
]
const STREAM_OF_DYNAMODB = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams']
const QUEUE = ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage']
const NETWORK = [
  ...['AssignPrivateIpAddresses', 'CreateNetworkInterface', 'DeleteNetworkInterface'],
  ...['DescribeNetworkInterfaces', 'DescribeSubnets', 'UnassignPrivateIpAddresses'],
]

/** Why AWS itself, and no code, needs something that a role allows; undefined when it does not. */
export function needOfAws(
  allowed: Allowed,
  lambda: Resource,
  calls: AwsCalls,
  resources: readonly Resource[],
): string | undefined {
  const { action, resource } = allowed
  const [service = '', name = ''] = action.split(':')
  const log = textAt(lambda.values, 'logging_config.0.log_group')
  const reads = sourcesOf(lambda, resources)
  const failures = failuresOf(lambda, resources)
  if (service === 'logs' && resource.endsWith(`:log-group:${log}:*`)) return 'Lambda writes the log'
  if (service === 'ec2' && NETWORK.includes(name) && listAt(lambda.values, 'vpc_config').length > 0)
    return 'Lambda places the function in the VPC'
  if (service === 'kinesis' && STREAM_OF_KINESIS.includes(name) && reads.includes(resource))
    return 'Lambda reads the stream'
  if (service === 'dynamodb' && STREAM_OF_DYNAMODB.includes(name) && reads.includes(resource))
    return 'Lambda reads the stream'
  if (service === 'sqs' && QUEUE.includes(name) && reads.includes(resource)) return 'Lambda reads the queue'
  if (action === 's3:PutObject' && failures.some((arn) => resource === `${arn}/aws/lambda/*`))
    return 'Lambda writes what was given up'
  if (action === 's3:ListBucket' && failures.includes(resource)) return 'Lambda writes what was given up'
  if (action === 's3:ListBucket' && calls.has('s3:GetObject lake'))
    return 'without it a missing object is forbidden'
  if (action === 'iam:PassRole' && calls.has('dms:ModifyEndpoint'))
    return 'DMS gives the endpoint its role again'
  if (service === 'kms' && ['Decrypt', 'GenerateDataKey'].includes(name))
    return allowed.via.every((one) => servicesOf(lambda, calls, resources).has(one))
      ? 'what the function reads and writes is encrypted'
      : undefined
  return undefined
}

/* Services that keep something of the function's under a key. */
function servicesOf(lambda: Resource, calls: AwsCalls, resources: readonly Resource[]): ReadonlySet<string> {
  const isSource = new Set(sourcesOf(lambda, resources).map((arn) => arn.split(':')[2] ?? ''))
  const services = [...calls].map((call) => call.split(':')[0] ?? '')
  return new Set([...services, ...isSource, ...(failuresOf(lambda, resources).length > 0 ? ['s3'] : [])])
}

function mappingsOf({ values }: Resource, resources: readonly Resource[]): readonly Resource[] {
  return ofType(resources, 'aws_lambda_event_source_mapping').filter(
    (one) => one.values['function_name'] === values['arn'],
  )
}

function sourcesOf(lambda: Resource, resources: readonly Resource[]): readonly string[] {
  return mappingsOf(lambda, resources).map(({ values }) => textAt(values, 'event_source_arn'))
}

function failuresOf(lambda: Resource, resources: readonly Resource[]): readonly string[] {
  const settings = ofType(resources, 'aws_lambda_function_event_invoke_config').filter(
    ({ stack, values }) =>
      stack === lambda.stack && values['function_name'] === lambda.values['function_name'],
  )
  return [
    ...mappingsOf(lambda, resources).map(({ values }) =>
      textAt(values, 'destination_config.0.on_failure.0.destination_arn'),
    ),
    ...settings.map(({ values }) => textAt(values, 'destination_config.0.on_failure.0.destination')),
  ].filter((arn) => arn.startsWith('arn:aws:s3:::'))
}
