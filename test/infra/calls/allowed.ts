import { conditionOn, statementsOf } from '../rules/policy.ts'
import { ofType } from '../rules/rule.ts'
import { textAt } from '../rules/values.ts'
import type { Resource } from '../stack.ts'

/** One thing that a role may do. */
export interface Allowed {
  readonly action: string
  readonly resource: string
  /** Services by way of which a key may be used: `s3`. */
  readonly via: readonly string[]
  /** The role that allows it: that of the function, or one that it takes. */
  readonly role: string
}

/** What a function's role allows, and the roles that it may take. */
export function allowedTo(lambda: Resource, resources: readonly Resource[]): readonly Allowed[] {
  const own = allowedBy(textAt(lambda.values, 'role'), resources)
  const taken = own.filter(({ action }) => action === 'sts:AssumeRole').map(({ resource }) => resource)
  return [...own, ...taken.flatMap((role) => allowedBy(role, resources))]
}

/** An allowed action as the code's calls are written. */
export function callOf({ action, resource }: Allowed): string {
  const table = /:table\/[^/]+-([a-z]+)(\/index\/\w+)?$/.exec(resource)?.[1]
  if (action.startsWith('dynamodb:') && table !== undefined) return `${action} ${table}`
  const bucket = /^arn:aws:s3:::[^/]+?(-failures|-results)?(\/.*)?$/.exec(resource)
  return bucket === null ? action : `${action} ${bucket[1]?.slice(1) ?? 'lake'}`
}

function allowedBy(arn: string, resources: readonly Resource[]): readonly Allowed[] {
  const role = ofType(resources, 'aws_iam_role').find(({ values }) => values['arn'] === arn)
  return ofType(resources, 'aws_iam_role_policy')
    .filter(({ stack, values }) => stack === role?.stack && values['role'] === role.values['name'])
    .flatMap((policy) => statementsOf(policy))
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) =>
      statement.actions.flatMap((action) =>
        statement.resources.map((resource) => ({
          action,
          resource,
          role: arn,
          via: conditionOn(statement, 'kms:ViaService').map((service) => service.split('.')[0] ?? ''),
        })),
      ),
    )
}
