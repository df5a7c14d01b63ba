import { conditionOn, RESOURCE_POLICIES, ROLE_POLICIES, type Statement, statementsOf } from './policy.ts'
import { each, ofType, type Rule } from './rule.ts'
import { listAt, textAt } from './values.ts'

/* Actions that AWS authorises for everything or not at all. */
const WITHOUT_RESOURCE: Readonly<Record<string, string>> = {
  'dms:DescribeConnections': 'describes all or nothing',
  'dms:DescribeEndpoints': 'describes all or nothing',
  'dms:DescribeReplicationTasks': 'describes all or nothing',
  'ec2:DescribeNetworkInterfaces': 'of Lambda, to place a function in a VPC',
  'ec2:DescribeSubnets': 'of Lambda, to place a function in a VPC',
}

/* Policies of AWS that roles have. */
const MANAGED: Readonly<Record<string, string>> = {
  'dms-cloudwatch-logs-role': 'arn:aws:iam::aws:policy/service-role/AmazonDMSCloudWatchLogsRole',
  'dms-vpc-role': 'arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole',
}

/* What has to be there first, though nothing of it is mentioned. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  aws_dms_replication_instance: ['aws_iam_role_policy_attachment.logs', 'aws_iam_role_policy_attachment.vpc'],
  aws_dms_replication_subnet_group: ['aws_iam_role_policy_attachment.vpc'],
  aws_s3_bucket_notification: [
    'module.land_queue.aws_sqs_queue_policy.this',
    'module.land_load_queue.aws_sqs_queue_policy.this',
  ],
  aws_s3_bucket_policy: ['aws_s3_bucket_public_access_block.this'],
}

/** Roles may do what is listed, to what is named. */
export const permissions: readonly Rule[] = [
  {
    name: 'no role may do "all of a service"',
    faults: each(ROLE_POLICIES, (resource) =>
      allowing(resource).flatMap((statement) => [
        ...statement.actions.filter((action) => action.includes('*')).map((action) => `allows ${action}`),
        statement.isInverted ? 'allows everything but some' : undefined,
      ]),
    ),
    seeds: {
      'all of a service': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'compact'), ([first]) => {
          if (first) first['Action'] = 's3:*'
        }),
      'the begin of names': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'land'), ([first]) => {
          if (first) first['Action'] = ['dynamodb:Get*']
        }),
      'everything but': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'audit'), ([first]) => {
          if (first) {
            delete first['Action']
            first['NotAction'] = 'iam:*'
          }
        }),
    },
  },
  {
    name: 'no role may do something to everything, but for actions that know no resource',
    faults: each(ROLE_POLICIES, (resource) =>
      allowing(resource).flatMap((statement) =>
        statement.resources.includes('*')
          ? statement.actions
              .filter((action) => WITHOUT_RESOURCE[action] === undefined)
              .map((action) => `allows ${action} on everything`)
          : statement.resources.filter(isTooWide).map((arn) => `allows ${statement.actions} on ${arn}`),
      ),
    ),
    seeds: {
      everything: (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'capture'), ([first]) => {
          if (first) first['Resource'] = '*'
        }),
      'every bucket': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'reconcile'), ([first]) => {
          if (first) first['Resource'] = ['arn:aws:s3:::example-tidemark-*']
        }),
      'every account': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'loads'), ([first]) => {
          if (first) first['Resource'] = 'arn:aws:iam::*:role/tidemark-loads-operator'
        }),
    },
  },
  {
    name: "a policy of a resource gives single actions; only a key is its own account's as a whole",
    faults: each(RESOURCE_POLICIES, (resource) =>
      allowing(resource)
        .filter(({ actions }) => actions.some((action) => action.includes('*')))
        .map(({ actions, principals }) => {
          const account = textAt(resource.values, 'arn').split(':')[4]
          const isOwner = principals.join() === `AWS:arn:aws:iam::${account}:root`
          return resource.type === 'aws_kms_key' && isOwner ? undefined : `gives ${actions} to ${principals}`
        }),
    ),
    seeds: {
      'all of a stream': (draft) =>
        draft.statements(draft.one('aws_kinesis_resource_policy'), ([first]) => {
          if (first) first['Action'] = 'kinesis:*'
        }),
      'a key of another account': (draft) =>
        draft.statements(draft.one('aws_kms_key'), ([first]) => {
          if (first) first['Principal'] = { AWS: 'arn:aws:iam::333333333333:root' }
        }),
    },
  },
  {
    name: 'keys are used by way of the services that keep what is encrypted',
    faults: each(ROLE_POLICIES, (resource) =>
      allowing(resource)
        .filter(({ actions }) => actions.some((action) => action.startsWith('kms:')))
        .map((statement) =>
          conditionOn(statement, 'kms:ViaService').length > 0
            ? undefined
            : `uses ${statement.resources} by itself`,
        ),
    ),
    seeds: {
      'a key by itself': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'delivery'), (statements) => {
          for (const statement of statements) delete statement['Condition']
        }),
    },
  },
  {
    /* Lambda's guide, VPC access: DeleteNetworkInterface of one interface or of all; what is tried beforehand has no subnet. */
    name: 'Lambda may place a function in a VPC, and the code of the function may not',
    faults: each('aws_lambda_function', ({ stack, values }, all) => {
      if (listAt(values, 'vpc_config').length === 0) return undefined
      const policies = ofType(all, ...ROLE_POLICIES).filter(
        (policy) =>
          policy.stack === stack && textAt(values, 'role').endsWith(`/${textAt(policy.values, 'role')}`),
      )
      const statements = policies.flatMap((policy) => statementsOf(policy))
      const places = statements.filter(
        ({ effect, actions, conditions }) =>
          effect === 'Allow' &&
          actions.includes('ec2:DeleteNetworkInterface') &&
          Object.keys(conditions).length === 0,
      )
      const keepsOut = statements.some(
        (statement) =>
          statement.effect === 'Deny' &&
          statement.actions.includes('ec2:*') &&
          conditionOn(statement, 'lambda:SourceFunctionArn').includes(textAt(values, 'arn')),
      )
      return [
        places.some(({ resources }) => resources.some((arn) => arn.endsWith(':network-interface/*')))
          ? undefined
          : 'Lambda may not take the interfaces away that it makes',
        keepsOut ? undefined : 'its code may change interfaces of the account',
      ]
    }),
    seeds: {
      'a condition on the subnet': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'reconcile'), (statements) => {
          for (const one of statements)
            if (String(one['Action']).includes('DeleteNetworkInterface'))
              one['Condition'] = {
                ArnEquals: { 'ec2:Subnet': 'arn:aws:ec2:eu-west-1:222222222222:subnet/subnet-1' },
              }
        }),
      'code that may do as Lambda does': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'reconcile'), (statements) => {
          statements.splice(0, statements.length, ...statements.filter(({ Effect }) => Effect !== 'Deny'))
        }),
    },
  },
  {
    name: 'a role is passed to one service',
    faults: each(ROLE_POLICIES, (resource) =>
      allowing(resource)
        .filter(({ actions }) => actions.includes('iam:PassRole'))
        .map((statement) =>
          conditionOn(statement, 'iam:PassedToService').length === 1
            ? undefined
            : 'passes a role to any service',
        ),
    ),
    seeds: {
      'to anybody': (draft) =>
        draft.statements(draft.one('aws_iam_role_policy', 'operator'), (statements) => {
          for (const statement of statements)
            if (statement['Action'] === 'iam:PassRole') delete statement['Condition']
        }),
    },
  },
  {
    name: 'nothing is made before its role may do its work',
    faults: (resources) =>
      resources.flatMap(({ stack, address, values, after }) => {
        const roles = rolesOf(values)
        return ofType(resources, 'aws_iam_role_policy')
          .filter((policy) => policy.stack === stack && roles.has(textAt(policy.values, 'role')))
          .filter((policy) => !after.includes(withoutIndexes(policy.address)))
          .map((policy) => `${stack}: ${address}: may be made before ${policy.address}`)
      }),
    seeds: {
      'a function without its permissions': (draft) => {
        draft.one('aws_lambda_function', 'capture').after = []
      },
      'an endpoint without its permissions': (draft) => {
        draft.one('aws_dms_endpoint', 'source').after = []
      },
    },
  },
  {
    name: 'what AWS would refuse at first is made later',
    faults: (resources) =>
      Object.entries(LATER).flatMap(([type, before]) =>
        ofType(resources, type)
          .filter(({ after }) => !before.every((one) => after.some((address) => address.endsWith(one))))
          .map(({ stack, address }) => `${stack}: ${address}: may be made before ${before}`),
      ),
    seeds: Object.fromEntries(
      Object.keys(LATER).map((type) => [
        `${type} too early`,
        (draft) => {
          draft.one(type).after = []
        },
      ]),
    ),
  },
  {
    name: "of AWS's own policies only the two that DMS wants are attached",
    faults: each('aws_iam_role_policy_attachment', ({ values }) =>
      MANAGED[textAt(values, 'role')] === values['policy_arn']
        ? undefined
        : `attaches ${values['policy_arn']}`,
    ),
    seeds: {
      'an administrator': (draft) =>
        draft.set(
          draft.one('aws_iam_role_policy_attachment'),
          'policy_arn',
          'arn:aws:iam::aws:policy/AdministratorAccess',
        ),
    },
  },
]

function allowing(resource: Parameters<typeof statementsOf>[0]): readonly Statement[] {
  return statementsOf(resource).filter(({ effect }) => effect === 'Allow')
}

/* A wildcard before the part that names one thing: `arn:aws:s3:::lake/landing/*` is fine, `arn:aws:s3:::lake*` is not. */
function isTooWide(arn: string): boolean {
  const [, , , region = '', account = '', ...rest] = arn.split(':')
  const name = rest.join(':')
  const named = name.split(/[/:]/)
  return [region, account, named[0] ?? ''].some((part) => part.includes('*')) || name === ''
}

/* Names of the roles that a resource is given to work with. */
function rolesOf(values: unknown): ReadonlySet<string> {
  const texts = JSON.stringify(values).matchAll(/"(?:\w*role_arn|role)":"arn:aws:iam::\d+:role\/([\w-]+)"/g)
  return new Set([...texts].map(([, name = '']) => name))
}

function withoutIndexes(address: string): string {
  return address.replace(/\[[^\]]*\]/g, '')
}
