import { VPC_RANGES } from '../provider/aws-answers.ts'
import type { Resource } from '../stack.ts'
import { conditionOn, RESOURCE_POLICIES, type Statement, statementsOf } from './policy.ts'
import { decided, each, ofType, type Rule } from './rule.ts'
import { listAt, textAt } from './values.ts'

/** Nobody but who is named gets in, and nothing is said in clear text. */
export const exposure: readonly Rule[] = [
  decided('buckets are closed to the public', 'aws_s3_bucket_public_access_block', {
    block_public_acls: true,
    block_public_policy: true,
    ignore_public_acls: true,
    restrict_public_buckets: true,
  }),
  decided('objects belong to the bucket, whoever writes them', 'aws_s3_bucket_ownership_controls', {
    'rule.0.object_ownership': 'BucketOwnerEnforced',
  }),
  {
    name: 'every bucket has its public access block, its owner and its policy',
    faults: each('aws_s3_bucket', ({ values, stack }, all) =>
      [
        ...['aws_s3_bucket_public_access_block', 'aws_s3_bucket_ownership_controls', 'aws_s3_bucket_policy'],
      ].map((type) =>
        ofType(all, type).some(
          (other) => other.stack === stack && other.values['bucket'] === values['bucket'],
        )
          ? undefined
          : `has no ${type}`,
      ),
    ),
    seeds: {
      'an open bucket': (draft) => draft.drop('aws_s3_bucket_public_access_block', 'lake'),
      'a bucket without a policy': (draft) => draft.drop('aws_s3_bucket_policy', 'results'),
    },
  },
  {
    name: 'buckets answer over TLS only',
    faults: each('aws_s3_bucket_policy', (resource) =>
      statementsOf(resource).some((statement) =>
        refusesPlainHttp(statement, textAt(resource.values, 'bucket')),
      )
        ? undefined
        : 'plain HTTP is not denied to everybody, for the bucket and its objects',
    ),
    seeds: {
      'no statement': (draft) =>
        draft.statements(draft.one('aws_s3_bucket_policy'), (statements) => {
          statements.shift()
        }),
      'for objects only': (draft) =>
        draft.statements(draft.one('aws_s3_bucket_policy'), ([first]) => {
          if (first) first['Resource'] = 'arn:aws:s3:::example-tidemark-lake/*'
        }),
    },
  },
  {
    name: 'no policy is open to everybody',
    faults: each(RESOURCE_POLICIES, (resource) =>
      allowing(statementsOf(resource)).flatMap((statement) => [
        ...statement.principals.filter((name) => /(^|:)\*$/.test(name)).map((name) => `allows ${name}`),
        statement.isInverted ? 'allows everybody or everything but some' : undefined,
      ]),
    ),
    seeds: {
      'a queue for all': (draft) =>
        draft.statements(draft.one('aws_sqs_queue_policy'), ([first]) => {
          if (first) first['Principal'] = { AWS: '*' }
        }),
      'everything but': (draft) =>
        draft.statements(draft.one('aws_kms_key'), ([first]) => {
          if (first) first['NotPrincipal'] = { AWS: 'arn:aws:iam::333333333333:root' }
        }),
    },
  },
  {
    name: 'another account is let in by the name of its role',
    faults: each([...RESOURCE_POLICIES, 'aws_iam_role'], (resource, all) =>
      allowing(statementsOf(resource, policyOf(resource)))
        .filter((statement) => foreign(statement, ownAccount(resource, all)).length > 0)
        .map((statement) =>
          conditionOn(statement, 'aws:PrincipalArn').every((arn) => /:role\/[\w-]+$/.test(arn)) &&
          conditionOn(statement, 'aws:PrincipalArn').length > 0
            ? undefined
            : `lets in all of ${foreign(statement, ownAccount(resource, all))}`,
        ),
    ),
    seeds: {
      'the whole account may read the stream': (draft) =>
        draft.statements(draft.one('aws_kinesis_resource_policy'), ([first]) => {
          if (first) delete first['Condition']
        }),
      'any role may run loads': (draft) =>
        draft.statements(
          draft.one('aws_iam_role', 'operator'),
          ([first]) => {
            if (first)
              first['Condition'] = { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/*' } }
          },
          'assume_role_policy',
        ),
    },
  },
  {
    name: 'services act for this account only',
    faults: each([...RESOURCE_POLICIES, 'aws_iam_role'], (resource) =>
      allowing(statementsOf(resource, policyOf(resource)))
        .filter((statement) => statement.principals.some(mustSayForWhom(resource)))
        .map((statement) =>
          conditionOn(statement, 'aws:SourceAccount').length > 0 ||
          conditionOn(statement, 'kms:EncryptionContext:aws:logs:arn').length > 0
            ? undefined
            : `${statement.principals.join(', ')} may act for anybody's resources`,
        ),
    ),
    seeds: {
      'S3 for anybody': (draft) =>
        draft.statements(draft.one('aws_sqs_queue_policy'), ([first]) => {
          if (first) first['Condition'] = { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::lake' } }
        }),
      'DMS for anybody': (draft) =>
        draft.statements(
          draft.one('aws_iam_role', 'source.aws_iam_role.stream'),
          ([first]) => {
            if (first) delete first['Condition']
          },
          'assume_role_policy',
        ),
    },
  },
  {
    name: 'rules of EventBridge reach their topic: neither it nor its key makes a condition for them',
    faults: each('aws_cloudwatch_event_target', ({ values }, all) => {
      const topic = ofType(all, 'aws_sns_topic').find((one) => one.values['arn'] === values['arn'])
      if (topic === undefined) return 'its target is no topic of ours'
      const key = ofType(all, 'aws_kms_key').find(
        (one) => one.values['arn'] === topic.values['kms_master_key_id'],
      )
      return [
        opensTo(topic, 'events.amazonaws.com', 'sns:Publish') ? undefined : 'its topic refuses it',
        key && opensTo(key, 'events.amazonaws.com', 'kms:GenerateDataKey') ? undefined : 'its key refuses it',
      ]
    }),
    seeds: {
      'a condition that EventBridge cannot meet': (draft) =>
        draft.statements(draft.one('aws_sns_topic', 'notices'), ([, second]) => {
          if (second) second['Condition'] = { StringEquals: { 'aws:SourceAccount': '111111111111' } }
        }),
      'a key that is not open': (draft) =>
        draft.statements(draft.one('aws_kms_key', 'module.key'), (statements) => {
          statements.pop()
        }),
    },
  },
  {
    name: 'nobody connects from everywhere',
    faults: each(['aws_security_group', 'aws_vpc_security_group_ingress_rule'], ({ values }) =>
      [values, ...listAt(values, 'ingress')]
        .flatMap((rule) => [
          ...[textAt(rule, 'cidr_ipv4'), textAt(rule, 'cidr_ipv6')],
          ...[...listAt(rule, 'cidr_blocks'), ...listAt(rule, 'ipv6_cidr_blocks')],
        ])
        .filter((range) => /\/0$/.test(String(range)))
        .map((range) => `lets in ${range}`),
    ),
    seeds: {
      'the Internet': (draft) =>
        draft.set(draft.one('aws_vpc_security_group_ingress_rule', 'endpoints'), 'cidr_ipv4', '0.0.0.0/0'),
    },
  },
  {
    /* Private DNS sends everybody in the VPC there. */
    name: 'endpoints let in every range of the VPC',
    faults: each('aws_security_group', ({ address, stack, values }, all) => {
      if (!address.endsWith('.endpoints')) return undefined
      const ranges = ofType(all, 'aws_vpc_security_group_ingress_rule')
        .filter((rule) => rule.stack === stack && rule.values['security_group_id'] === values['id'])
        .map((rule) => textAt(rule.values, 'cidr_ipv4'))
      return VPC_RANGES.filter((range) => !ranges.includes(range)).map((range) => `does not let in ${range}`)
    }),
    seeds: {
      'the first range only': (draft) =>
        draft.drop(
          'aws_vpc_security_group_ingress_rule',
          ({ values }) => values['cidr_ipv4'] === VPC_RANGES[1],
        ),
    },
  },
  {
    name: 'outgoing connections are to one port',
    faults: each('aws_vpc_security_group_egress_rule', ({ values }) =>
      values['ip_protocol'] === 'tcp' && values['from_port'] === values['to_port']
        ? undefined
        : 'goes to more than one port',
    ),
    seeds: {
      'every protocol': (draft) =>
        draft.set(draft.one('aws_vpc_security_group_egress_rule'), 'ip_protocol', '-1'),
    },
  },
  {
    name: 'no secret is in an environment or a configuration',
    faults: each(['aws_lambda_function', 'aws_dms_endpoint'], ({ values }) => [
      ...Object.entries(variablesOf(values))
        .filter(([name, value]) => /PASSW|SECRET|TOKEN|KEY/.test(name) && !String(value).startsWith('arn:'))
        .map(([name]) => `${name} is no ARN`),
      ...['password', 'username'].map((name) => (textAt(values, name) === '' ? undefined : `says a ${name}`)),
      /password/i.test(textAt(values, 'extra_connection_attributes')) ? 'says a password' : undefined,
    ]),
    seeds: {
      'a key in clear text': (draft) =>
        draft.set(
          draft.one('aws_lambda_function', 'format'),
          'environment.0.variables.TIDEMARK_MASK_SECRET',
          'c0ffee',
        ),
      'a password': (draft) => draft.set(draft.one('aws_dms_endpoint', 'source'), 'password', 'c0ffee'),
    },
  },
]

function refusesPlainHttp(statement: Statement, bucket: string): boolean {
  return (
    statement.effect === 'Deny' &&
    statement.principals.includes('*') &&
    statement.actions.includes('s3:*') &&
    conditionOn(statement, 'aws:SecureTransport').join() === 'false' &&
    [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`].every((arn) => statement.resources.includes(arn))
  )
}

function allowing(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter(({ effect }) => effect === 'Allow')
}

function policyOf({ type }: Resource): string {
  return type === 'aws_iam_role' ? 'assume_role_policy' : 'policy'
}

function ownAccount({ stack }: Resource, all: readonly Resource[]): string {
  const key = ofType(all, 'aws_kms_key').find((one) => one.stack === stack)
  return textAt(key?.values, 'arn').split(':')[4] ?? ''
}

function foreign({ principals }: Statement, account: string): readonly string[] {
  return principals.filter((name) => name.startsWith('AWS:') && !name.includes(`:${account}:`))
}

/* DMS looks for two roles by their names and says for nobody that it acts; Lambda is bound by who may pass the role. */
function mustSayForWhom(resource: Resource): (principal: string) => boolean {
  const isFixed = /^dms-(vpc|cloudwatch-logs)-role$/.test(textAt(resource.values, 'name'))
  return (name) =>
    name.startsWith('Service:') &&
    !isFixed &&
    name !== 'Service:lambda.amazonaws.com' &&
    name !== 'Service:events.amazonaws.com'
}

function opensTo(resource: Resource, service: string, action: string): boolean {
  return statementsOf(resource).some(
    (statement) =>
      statement.effect === 'Allow' &&
      statement.principals.includes(`Service:${service}`) &&
      statement.actions.includes(action) &&
      Object.keys(statement.conditions).length === 0,
  )
}

function variablesOf(values: unknown): object {
  const [first] = listAt(values, 'environment')
  const variables = typeof first === 'object' && first !== null ? Reflect.get(first, 'variables') : undefined
  return typeof variables === 'object' && variables !== null ? variables : {}
}
