import { rules } from '../../core/contract/check/rules.ts'
import { evolutionRules } from '../../core/contract/evolution/evolution-rules.ts'

/** What `contract check` looks for beyond the language itself. Ids are stable. */
export const contractRules = {
  C101: { title: 'The file does not load', fix: 'Correct the TypeScript at the place named.' },
  C102: {
    title: 'Path and contract do not name the same table',
    fix: 'A file schemas/<domain>/<table>/vN.ts holds `<domain>.<table>`, version N, exported as <table>VN.',
  },
  C104: {
    title: 'A description says nothing',
    fix: 'Say what an analyst cannot see in the name: meaning, unit, when it is null, where the number comes from.',
  },
  C105: {
    title: 'It looks like personal data',
    fix: "Add `pii: '…'`. If it is no personal data, write `// allow C105: <reason>` on the line above.",
  },
  C106: {
    title: 'Money in a floating-point column',
    fix: 'Use `col.decimal(precision, scale, …)`: floats cannot hold cents exactly.',
  },
  C107: { title: 'A key of text without a bound', fix: 'Use `col.varchar(max, …)` or `col.uuid`.' },
  C108: {
    title: 'A version without samples',
    fix: 'Add samples/vN.<what-it-shows>.pass.json and .fail.json: one row that is taken, one that is refused.',
  },
  C109: { title: 'A sample names a column that is not there', fix: 'Correct the name in the sample.' },
  C110: {
    title: 'A sample cannot be read',
    fix: 'A sample is { "given": { source columns }, "expect": { lake row } or [ reasons ] }.',
  },
  C111: {
    title: 'lock.json does not have this shape',
    fix: 'Run `npx tidemark contract lock` and put lock.json into the same pull request.',
  },
  C112: { title: 'Nobody answers for the table', fix: 'Name the address of a team in `owner`.' },
  C113: {
    title: 'The contract is not in index.ts',
    fix: 'Run `npx tidemark contract lock`, which writes index.ts too.',
  },
  C114: {
    title: 'The view in Athena would be too large',
    fix: 'Leave columns out, shorten their names or divide the table. For a lake without Athena, write `// allow C114: <reason>` on the line above.',
  },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly fix: string }>>

export type ContractRuleId = keyof typeof contractRules

/** The advice of any rule a finding may carry; empty for one that nobody knows. */
export function fixOf(rule: string): string {
  const { fix } = allRules.get(rule) ?? { fix: '' }
  return fix
}

const allRules = new Map<string, { readonly fix: string }>(
  [rules, evolutionRules, contractRules].flatMap((table) => Object.entries<{ readonly fix: string }>(table)),
)
