import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { sourceTableName } from '../../core/source-table-name.ts'

const selection = z.object({
  'rule-type': z.literal('selection'),
  'rule-action': z.literal('include'),
  'object-locator': z.strictObject({ 'schema-name': z.string(), 'table-name': z.string() }),
  filters: z.array(z.unknown()).max(0).optional(),
})
const mappings = z.object({ rules: z.array(z.looseObject({ 'rule-type': z.string() })) })

/** How the mappings of a task differ from those that it should have. */
export interface MappingsChange {
  readonly isSame: boolean
  /** Source tables, `schema.table`, that it gains, and that it would lose. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/**
 * Compares two texts of table mappings of a DMS task by what they say. Throws `dms/refused` for selections that are not
 * those of `tableMappings`, one table by its name each: nobody could say what the task would lose.
 */
export function compareMappings(live: string, wanted: string): MappingsChange {
  const [before, after] = [rulesOf(live), rulesOf(wanted)]
  const [known, named] = [tablesOf(before), tablesOf(after)]
  return {
    isSame: terraformJson(before) === terraformJson(after),
    added: named.filter((table) => !known.includes(table)),
    removed: known.filter((table) => !named.includes(table)),
  }
}

/**
 * JSON as Terraform's `jsonencode` writes it: members by name, no spaces, and `<`, `>`, `&`, U+2028, U+2029 escaped. What is
 * given to DMS in this form is no change to the next plan.
 */
export function terraformJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  ).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

type Rule = z.output<typeof mappings>['rules'][number]

function rulesOf(text: string): readonly Rule[] {
  try {
    return mappings.parse(JSON.parse(text)).rules
  } catch (cause) {
    throw new PipelineError('dms/refused', 'the task has table mappings that nobody here understands', {
      cause,
    })
  }
}

function tablesOf(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap((rule) => {
    if (rule['rule-type'] === 'object-mapping') return []
    const found = selection.safeParse(rule)
    const { 'schema-name': schema, 'table-name': table } = found.data?.['object-locator'] ?? {}
    const [left, right] = [plainName(schema), plainName(table)]
    if (left === undefined || right === undefined)
      throw new PipelineError(
        'dms/refused',
        `rule ${String(rule['rule-id'])} of the task's table mappings is not one table by its name: mend the mappings first`,
      )
    return [sourceTableName({ schema: left, name: right })]
  })
}

/* Undefined where a wildcard stands for more than itself. */
function plainName(name: string | undefined): string | undefined {
  const plain = name?.replace(/\[([%_])\]/g, '')
  return plain === undefined || /[%_]/.test(plain) ? undefined : name?.replace(/\[([%_])\]/g, '$1')
}
