import { type ProgramUnits, UNNAMED, type Unit } from './program-units.ts'

/** What a program can use of its imports, `@aws-sdk/client-s3 PutObjectCommand`. */
export interface ReachableImports {
  readonly all: ReadonlySet<string>
  /** By class: what its methods use, and the functions that they call, without other classes. */
  readonly byClass: ReadonlyMap<string, ReadonlySet<string>>
  /** By class: the members that those call, with the name of what they call them of: `table.range`. */
  readonly sendsByClass: ReadonlyMap<string, ReadonlySet<string>>
}

/** What the parts of a program that can run use of its imports. */
export function reachableImports(program: ProgramUnits, reached: ReadonlySet<Unit>): ReachableImports {
  const importsOf = (units: Iterable<Unit>) =>
    new Set([...units].flatMap(({ names }) => [...names].flatMap((name) => program.imports.get(name) ?? [])))
  const classes = new Set(
    [...reached].flatMap(({ member, within }) => (member === 'class' ? (within ?? []) : [])),
  )
  const parts = [...classes].map((one) => [one.name, partsOf(one, reached, classes)] as const)
  return {
    all: importsOf(reached),
    byClass: new Map(parts.map(([name, units]) => [name, importsOf(units)])),
    sendsByClass: new Map(
      parts.map(([name, units]) => [name, new Set([...units].flatMap(({ sends }) => [...sends]))]),
    ),
  }
}

/**
 * The parts of a program that can run, from what it exports and does when it is loaded. A method counts when its class is
 * reached and something that is reached calls a member of its name: a namesake may be counted too much, and a function
 * that only a library calls, out of an object, too little.
 */
export function reachedUnits({ units, roots }: ProgramUnits): ReadonlySet<Unit> {
  const reached = new Set<Unit>()
  const names = new Set(roots)
  const members = new Set<string>()
  const called = new Set<string>()
  const own = new Map<Unit, Set<string>>()
  const isReached = ({ name, member, within }: Unit) => {
    if (within === undefined) return names.has(name)
    if (!reached.has(within)) return false
    if (name === UNNAMED || own.get(within)?.has(name) === true) return true
    return member === 'class' ? called.has(name) : members.has(name)
  }
  for (let before = -1; before < reached.size; ) {
    before = reached.size
    for (const unit of units) {
      if (reached.has(unit) || !isReached(unit)) continue
      reached.add(unit)
      for (const name of unit.names) names.add(name)
      for (const name of unit.members) members.add(name)
      for (const name of unit.called) called.add(name)
      const whole = unit.member === 'class' && unit.within !== undefined ? unit.within : unit
      own.set(whole, new Set([...(own.get(whole) ?? []), ...unit.own]))
    }
  }
  return reached
}

/* A class, its methods, and the functions and constants that they mention one after another. */
function partsOf(one: Unit, reached: ReadonlySet<Unit>, classes: ReadonlySet<Unit>): ReadonlySet<Unit> {
  const parts = new Set([one])
  for (let before = 0; before < parts.size; ) {
    before = parts.size
    const names = new Set([...parts].flatMap((part) => [...part.names]))
    for (const unit of reached)
      if (unit.within === undefined ? names.has(unit.name) && !classes.has(unit) : parts.has(unit.within))
        parts.add(unit)
  }
  return parts
}
