import type { Resource } from '../stack.ts'
import type { Draft } from './draft.ts'
import { at } from './values.ts'

/** What must hold of the applied stacks, and ways of breaking it, each of which it must notice. */
export interface Rule {
  readonly name: string
  /** What is wrong, beginning with the address of the resource; nothing when all is well. */
  readonly faults: (resources: readonly Resource[]) => readonly string[]
  readonly seeds: Readonly<Record<string, (draft: Draft) => void>>
}

type Said = string | undefined | readonly (string | undefined)[]

/** The faults of each resource of these types. */
export function each(
  types: string | readonly string[],
  check: (resource: Resource, all: readonly Resource[]) => Said,
): Rule['faults'] {
  const wanted = [types].flat()
  return (resources) =>
    resources
      .filter(({ type }) => wanted.includes(type))
      .flatMap((resource) => faultsAt(resource, check(resource, resources)))
}

/** The faults of the set as a whole. */
export function whole(check: (resources: readonly Resource[]) => Said): Rule['faults'] {
  return (resources) => [check(resources)].flat().filter((said) => said !== undefined)
}

/** A resource type whose values are all decided, and a seed for each value that might be another. */
export function decided(
  name: string,
  type: string,
  values: Readonly<Record<string, unknown>>,
  only: (resource: Resource) => boolean = () => true,
): Rule {
  const seeds = Object.entries(values).map(([path, value]): [string, (draft: Draft) => void] => [
    `${path} is another`,
    (draft) => draft.set(draft.one(type, only), path, another(value)),
  ])
  return {
    name,
    faults: each(type, (resource) =>
      only(resource)
        ? Object.entries(values).map(([path, value]) => unlike(resource, path, value))
        : undefined,
    ),
    seeds: Object.fromEntries(seeds),
  }
}

/** What is said of a value that is not the wanted one. */
export function unlike({ values }: Resource, path: string, wanted: unknown): string | undefined {
  const value = at(values, path)
  return JSON.stringify(value) === JSON.stringify(wanted)
    ? undefined
    : `${path} is ${JSON.stringify(value) ?? 'not said'}, not ${JSON.stringify(wanted)}`
}

export function ofType(resources: readonly Resource[], ...types: readonly string[]): readonly Resource[] {
  return resources.filter(({ type }) => types.includes(type))
}

function faultsAt({ stack, address }: Resource, said: Said): readonly string[] {
  return [said].flat().flatMap((one) => (one === undefined ? [] : `${stack}: ${address}: ${one}`))
}

function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1
  return typeof value === 'string' ? `not-${value}` : null
}
