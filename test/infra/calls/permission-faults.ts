import type { Resource } from '../stack.ts'
import { type Allowed, allowedTo, callOf } from './allowed.ts'
import type { CodeOfFunction } from './aws-calls.ts'
import { needOfAws } from './need-of-aws.ts'
import type { ObjectUse } from './object-uses.ts'

const OF_OBJECTS = /^s3:(AbortMultipartUpload|DeleteObject|GetObject|PutObject)$/

/** What is wrong between a function's code and its permissions: what is refused, and what nobody needs. */
export function permissionFaults(
  lambda: Resource,
  { calls, objects }: CodeOfFunction,
  resources: readonly Resource[],
): readonly string[] {
  const allowed = allowedTo(lambda, resources)
  const may = new Set(allowed.map(callOf))
  const isFor = (one: Allowed) =>
    OF_OBJECTS.test(one.action) && callOf(one).endsWith(' lake')
      ? objects.some((use) => serves(one, use))
      : calls.has(callOf(one))
  return [
    ...[...calls].filter((call) => !may.has(call)).map((call) => `${call} is called and refused`),
    ...objects
      .filter((use) => !allowed.some((one) => one.action === use.action && covers(one, use)))
      .map(({ action, prefix }) => `${action} of ${prefix} is called and refused`),
    ...allowed
      .filter((one) => !isFor(one) && needOfAws(one, lambda, calls, resources) === undefined)
      .map(({ action, resource }) => `${action} on ${resource} is allowed and not needed`),
  ]
}

/* The keys that a permission is about, up to its wildcard. */
function keysOf({ resource }: Allowed): string {
  return resource.slice(resource.indexOf('/') + 1).replace(/\*$/, '')
}

function covers(allowed: Allowed, { prefix }: ObjectUse): boolean {
  return prefix.startsWith(keysOf(allowed))
}

function serves(allowed: Allowed, use: ObjectUse): boolean {
  const action = allowed.action === 's3:AbortMultipartUpload' ? 's3:PutObject' : allowed.action
  return use.action === action && (covers(allowed, use) || keysOf(allowed).startsWith(use.prefix))
}
