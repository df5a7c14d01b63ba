import type { Resource } from '../stack.ts'
import { at, textAt } from './values.ts'

/** A statement of a policy, whatever way it was written. */
export interface Statement {
  readonly effect: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** `Service:s3.amazonaws.com`, `AWS:arn:…`, `*`. */
  readonly principals: readonly string[]
  /** Values by operator and key, `StringEquals aws:SourceAccount`. */
  readonly conditions: Readonly<Record<string, readonly string[]>>
  /** NotAction, NotResource or NotPrincipal: everything but. */
  readonly isInverted: boolean
}

/** Policies of roles: what they may do. */
export const ROLE_POLICIES: readonly string[] = ['aws_iam_role_policy', 'aws_iam_policy']

/** Policies of resources: what others may do to them. */
export const RESOURCE_POLICIES: readonly string[] = [
  ...['aws_kinesis_resource_policy', 'aws_kms_key', 'aws_s3_bucket_policy'],
  ...['aws_sns_topic', 'aws_sqs_queue_policy'],
]

/** The statements that a resource's argument holds. */
export function statementsOf({ values }: Pick<Resource, 'values'>, path = 'policy'): readonly Statement[] {
  const text = textAt(values, path)
  if (text === '') return []
  const { Statement: written } = JSON.parse(text) as { Statement: unknown }
  return listOf(written).map(statementOf)
}

/** The values of a condition, whichever operator asks for them. */
export function conditionOn({ conditions }: Statement, key: string): readonly string[] {
  return Object.entries(conditions).flatMap(([name, values]) => (name.endsWith(` ${key}`) ? values : []))
}

function statementOf(written: unknown): Statement {
  const conditions = Object.entries(entriesOf(at(written, 'Condition'))).flatMap(([operator, keys]) =>
    Object.entries(entriesOf(keys)).map(([key, values]) => [`${operator} ${key}`, textsOf(values)]),
  )
  const principal = at(written, 'Principal')
  return {
    effect: textAt(written, 'Effect'),
    actions: textsOf(at(written, 'Action')),
    resources: textsOf(at(written, 'Resource')),
    principals:
      typeof principal === 'string'
        ? [principal]
        : Object.entries(entriesOf(principal)).flatMap(([kind, names]) =>
            textsOf(names).map((name) => `${kind}:${name}`),
          ),
    conditions: Object.fromEntries(conditions),
    isInverted: ['NotAction', 'NotResource', 'NotPrincipal'].some((key) => at(written, key) !== undefined),
  }
}

function entriesOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value].flat()
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).map(String)
}
