import { awsAnswer, type Place } from './aws-answers.ts'
import type { Block, NestedBlock } from './aws-schema.ts'
import { isObject, isUnknown, type TerraformObject, type TerraformValue, UNKNOWN } from './terraform-value.ts'

/**
 * A resource as a plan shows it: what a configuration leaves to AWS is unknown when the resource is made, and stays as
 * it is after. The provider's default tags are in `tags_all`.
 */
export function plannedValue(block: Block, value: TerraformValue, isNew: boolean, place: Place) {
  if (!isObject(value)) return value
  const planned = withUnknowns(block, value, isNew)
  if (block.attributes['tags_all'] === undefined) return planned
  const own = isObject(value['tags']) ? value['tags'] : {}
  return { ...planned, tags_all: { ...place.tags, ...own } }
}

/**
 * A resource after an apply. AWS's answers are made up for ids and ARNs and for texts that only AWS says; what a
 * configuration could have said and did not is null, so that nobody takes an invented value for a decision. JSON is kept
 * in the provider's own layout: a stack that writes another has something to do forever.
 */
export function appliedValue(type: string, block: Block, value: TerraformValue, place: Place) {
  if (!isObject(value)) return value
  const answered = withoutUnknowns(block, value)
  for (const [name, { type: kind, computed, optional }] of Object.entries(block.attributes)) {
    const isLeft = answered[name] === null || answered[name] === undefined
    const isOfAws = computed === true && (optional !== true || name === 'id' || name === 'arn')
    if (isLeft && isOfAws && kind === 'string') answered[name] = awsAnswer(type, name, value, place)
  }
  return answered
}

function withUnknowns(block: Block, value: TerraformObject, isNew: boolean): Record<string, TerraformValue> {
  const result: Record<string, TerraformValue> = { ...value }
  if (isNew)
    for (const [name, { computed }] of Object.entries(block.attributes))
      if (computed === true && result[name] === null) result[name] = UNKNOWN
  for (const [name, nested] of Object.entries(block.blocks))
    result[name] = eachBlock(nested, value[name], (one) => withUnknowns(nested.block, one, isNew))
  return result
}

function withoutUnknowns(block: Block, value: TerraformObject): Record<string, TerraformValue> {
  const result: Record<string, TerraformValue> = { ...value }
  for (const name of Object.keys(block.attributes)) {
    const one = result[name]
    if (one !== undefined && isUnknown(one)) result[name] = null
    if (typeof one === 'string') result[name] = canonicalJson(one)
  }
  for (const [name, nested] of Object.entries(block.blocks))
    result[name] = eachBlock(nested, value[name], (one) => withoutUnknowns(nested.block, one))
  return result
}

/* As Go writes it: no blanks, keys in order, what HTML takes for markup escaped. Any other text as it is. */
function canonicalJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(inOrder(JSON.parse(text))).replace(
      /[<>&\u2028\u2029]/g,
      (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  } catch {
    return text
  }
}

function inOrder(value: TerraformValue): TerraformValue {
  if (Array.isArray(value)) return value.map(inOrder)
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key] ?? null)]))
}

/** The blocks of one name, each changed; whatever is no block stays. */
export function eachBlock(
  { nesting_mode: mode }: NestedBlock,
  value: TerraformValue | undefined,
  change: (block: TerraformObject, step: string | number) => TerraformValue,
): TerraformValue {
  const one = (block: TerraformValue, step: string | number) =>
    isObject(block) ? change(block, step) : block
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.map(one)
  if (mode !== 'map' || !isObject(value)) return one(value, 0)
  return Object.fromEntries(Object.entries(value).map(([key, block]) => [key, one(block, key)]))
}
