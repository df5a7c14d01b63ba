import { count, plural } from '../../core/amount-text.ts'
import type { FolderAudit } from '../../local/recovery/audit-folder.ts'
import { type Output, paint } from '../terminal/output.ts'

/* Longer lists belong to --json. */
const SHOWN = 50

/** What an audit found, for people: each thing that is missing with its positions and what to do. */
export function auditText({ findings }: FolderAudit, output: Output): string {
  const faults = findings.filter(({ severity }) => severity === 'fault')
  const notes = findings.filter(({ severity }) => severity === 'note')
  const verdict =
    faults.length === 0
      ? paint(output, 'green', 'audit: nothing is missing')
      : paint(output, 'red', `audit: ${plural(faults.length, 'fault')}`)
  const lines = [...faults, ...notes]
    .slice(0, SHOWN)
    .flatMap(({ message, name, kind, first, last, advice }) => [
      `- ${message}`,
      ...(kind === 'page' || kind === 'block' ? [`  page ${name}`] : []),
      ...(first === null || last === null ? [] : [`  positions ${first} to ${last}`]),
      `  ${paint(output, 'dim', 'to do:')} ${advice}`,
    ])
  const more = findings.length - SHOWN
  return [verdict, ...lines, ...(more > 0 ? [`… and ${count(more)} more: --json has them`] : [])].join('\n')
}
