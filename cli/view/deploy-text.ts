import { plural } from '../../core/amount-text.ts'
import type { CheckResult } from '../../core/check.ts'
import type { DeployPlan } from '../../stack/deploy/plan-deploy.ts'
import { type Output, paint } from '../terminal/output.ts'

/** A plan for people: what must be decided first, then the steps in their order, then what could not be compared. */
export function deployText(
  { steps, dangers }: DeployPlan,
  unread: readonly CheckResult[],
  output: Output,
): string {
  const warnings = dangers.flatMap(({ message, todo }) => [
    `${paint(output, 'red', '✘')} ${message}`,
    `    ${todo}`,
  ])
  const numbered = steps.flatMap(({ title, why, commands, lines, interrupts }, index) => [
    `${paint(output, 'bold', `${index + 1}. ${title}`)}${interrupts ? paint(output, 'yellow', ' (changes wait for a moment)') : ''}`,
    ...lines.map((line) => `     ${line}`),
    ...commands.map((command) => `   $ ${command}`),
    `   ${paint(output, 'dim', why)}`,
    '',
  ])
  const unseen = unread.flatMap(({ message, fix }) => [
    `${paint(output, 'cyan', '?')} ${message}`,
    ...fix.map(({ text }) => `    ${text}`),
  ])
  return [
    ...(warnings.length > 0 ? ['Decide first:', ...warnings, ''] : []),
    ...numbered,
    ...unseen,
    summary(steps.length, dangers.length, unread.length),
  ].join('\n')
}

function summary(steps: number, dangers: number, unread: number): string {
  const rest = unread > 0 ? `, ${plural(unread, 'part')} not compared` : ''
  if (steps + dangers === 0)
    return unread > 0
      ? `No change that could be seen${rest}.`
      : 'Nothing to do: what is deployed is what is here.'
  return `${plural(steps, 'step')}, ${plural(dangers, 'decision')}${rest}. Nothing was changed.`
}
