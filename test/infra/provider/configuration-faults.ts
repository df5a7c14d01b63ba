import type { Block } from './aws-schema.ts'
import { eachBlock } from './planned-value.ts'
import { isObject, type TerraformObject, type TerraformValue } from './terraform-value.ts'

export interface Fault {
  readonly summary: string
  readonly path: readonly (string | number)[]
}

/** Values that AWS takes, by argument: `aws_dms_endpoint.ssl_mode`. */
export type Enums = Readonly<Record<string, readonly string[]>>

/** What the real provider would refuse of a configuration: a value of no enum, and an answer of AWS's given by hand. */
export function configurationFaults(
  type: string,
  block: Block,
  value: TerraformValue,
  enums: Enums,
): readonly Fault[] {
  return isObject(value) ? faultsOf(type, block, value, enums, []) : []
}

function faultsOf(
  prefix: string,
  block: Block,
  value: TerraformObject,
  enums: Enums,
  path: Fault['path'],
): readonly Fault[] {
  const faults: Fault[] = []
  for (const [name, { optional, required }] of Object.entries(block.attributes)) {
    const given = value[name]
    if (given === null || given === undefined) continue
    const at = [...path, name]
    if (optional !== true && required !== true)
      faults.push({ summary: `${prefix}.${name} is AWS's to say`, path: at })
    const allowed = enums[`${prefix}.${name}`] ?? given
    for (const one of Array.isArray(given) ? given : [given])
      if (typeof one === 'string' && Array.isArray(allowed) && !allowed.includes(one))
        faults.push({ summary: `${prefix}.${name} is "${one}", not one of ${allowed.join(', ')}`, path: at })
  }
  for (const [name, nested] of Object.entries(block.blocks))
    eachBlock(nested, value[name], (one, step) => {
      const at = nested.nesting_mode === 'list' ? [...path, name, step] : [...path, name]
      faults.push(...faultsOf(`${prefix}.${name}`, nested.block, one, enums, at))
      return one
    })
  return faults
}
