import { sourceRules } from '../local/doctor/examine-source.ts'
import { folderRules } from '../local/doctor/folder-rules.ts'
import { machineRules } from '../local/doctor/machine-rules.ts'
import { stackRules } from '../stack/doctor/stack-rules.ts'
import { statusRules } from '../stack/status/status-checks.ts'

interface Listed {
  readonly id: string
  readonly title: string
}

const parts: readonly (readonly [title: string, rules: readonly Listed[]])[] = [
  ['Of the machine', machineRules],
  ['Of a run folder (`--dir`)', folderRules],
  ['Of a source (`--source`, or that of the folder)', sourceRules],
  ['Of a stack (`--stack`): the production account', stackRules.production],
  ['Of a stack (`--stack`): the data account', stackRules.data],
]

/** Every check of `doctor`, Markdown, by what it looks at. */
export function doctorChecks(): string {
  return parts.map(([title, rules]) => `### ${title}\n\n${listOf(rules)}`).join('\n\n')
}

/** Every check of `status --stack`, Markdown. */
export function statusChecks(): string {
  return listOf(statusRules)
}

function listOf(rules: readonly Listed[]): string {
  return rules.map(({ id, title }) => `- \`${id}\`: ${title}`).join('\n')
}
