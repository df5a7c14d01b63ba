/** One resource as it stands after an apply, with what its stack says of its end. */
export interface Resource {
  readonly stack: StackName
  readonly address: string
  readonly type: string
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  /** Whether Terraform refuses to destroy it. */
  readonly isKept: boolean
  /** What is made before it: addresses without indexes. */
  readonly after: readonly string[]
}

export type StackName = 'production' | 'data'

export const STACKS: readonly StackName[] = ['production', 'data']

/* Of `terraform show -json`, what is read. */
interface ShownModule {
  readonly resources?: readonly {
    readonly address: string
    readonly mode: 'managed' | 'data'
    readonly type: string
    readonly name: string
    readonly values: Readonly<Record<string, unknown>>
    readonly depends_on?: readonly string[]
  }[]
  readonly child_modules?: readonly ShownModule[]
}

/** The resources of a state, `terraform show -json`. */
export function resourcesOf(
  stack: StackName,
  state: string,
  isKept: (address: string) => boolean,
): readonly Resource[] {
  const all: Resource[] = []
  const visit = ({ resources = [], child_modules: children = [] }: ShownModule) => {
    for (const { mode, address, depends_on: after = [], ...resource } of resources)
      if (mode === 'managed') all.push({ ...resource, stack, address, after, isKept: isKept(address) })
    for (const child of children) visit(child)
  }
  visit(JSON.parse(state).values.root_module)
  return all
}
