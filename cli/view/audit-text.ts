import { count, plural } from '../../core/amount-text.ts'
import type { LedgerFinding } from '../../core/audit/ledger-finding.ts'
import { type Output, paint } from '../terminal/output.ts'

/* Longer lists belong to --json. */
const SHOWN = 50

/**
 * What an audit found, for people: each thing that is missing with its positions and what to do. `more` are findings that
 * the audit only counted.
 */
export function auditText(
  { findings, more }: { readonly findings: readonly LedgerFinding[]; readonly more: number },
  output: Output,
): string {
  const faults = findings.filter(({ severity }) => severity === 'fault')
  const notes = findings.filter(({ severity }) => severity === 'note')
  const verdict =
    faults.length + more === 0
      ? paint(output, 'green', 'audit: nothing is missing')
      : paint(output, 'red', `audit: ${plural(faults.length + more, 'fault')}`)
  const lines = [...faults, ...notes]
    .slice(0, SHOWN)
    .flatMap(({ message, name, kind, first, last, advice }) => [
      `- ${message}`,
      ...(kind === 'page' || kind === 'block' ? [`  page ${name}`] : []),
      ...(first === null || last === null ? [] : [`  positions ${first} to ${last}`]),
      `  ${paint(output, 'dim', 'to do:')} ${advice}`,
    ])
  const longer = findings.length - SHOWN
  return [
    verdict,
    ...lines,
    ...(longer > 0 ? [`… and ${count(longer)} more: --json has them`] : []),
    ...(more > 0 ? [`… and ${count(more)} that were only counted: mend these first`] : []),
  ].join('\n')
}
