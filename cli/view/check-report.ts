import { count } from '../../core/amount-text.ts'
import { type CheckGroup, type CheckState, type Fix, worst } from '../../core/check.ts'
import { exit, type Output, paint } from '../terminal/output.ts'

const glyphs = { ok: '✔', warn: '!', fail: '✘', unknown: '?' } as const
const colours = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'cyan' } as const

/** Checks for people: a line for each, below it what mends it, at the end the counts. */
export function checkText(groups: readonly CheckGroup[], output: Output): string {
  const all = groups.flatMap(({ checks }) => checks)
  const width = Math.max(...all.map(({ id }) => id.length), 0)
  const lines = groups.flatMap(({ name, checks }) => [
    paint(output, 'bold', name),
    ...checks.flatMap((check) => [
      `  ${paint(output, colours[check.state], glyphs[check.state])} ${check.id.padEnd(width)}  ${check.message}`,
      ...check.fix.map((fix) => `      ${paint(output, 'dim', leads[fix.kind])} ${fix.text}`),
    ]),
    '',
  ])
  const counts = (['fail', 'warn', 'unknown', 'ok'] as const)
    .map((state) => [state, all.filter((check) => check.state === state).length] as const)
    .filter(([, number]) => number > 0)
    .map(([state, number]) => paint(output, colours[state], `${count(number)} ${words[state]}`))
  return [...lines, counts.join(', ')].join('\n')
}

const leads: Readonly<Record<Fix['kind'], string>> = { sql: 'sql>', shell: '  $', step: '  -' }
const words: Readonly<Record<CheckState, string>> = {
  ok: 'fine',
  warn: 'to look at',
  fail: 'wrong',
  unknown: 'not checked',
}

/** The one object of `--json`. */
export function checksOf(groups: readonly CheckGroup[]) {
  const checks = groups.flatMap(({ name, checks: ofGroup }) =>
    ofGroup.map(({ id, ...rest }) => ({ id, group: name, ...rest })),
  )
  return { state: worst(checks.map(({ state }) => state)), checks }
}

/** Fine only when everything is: what was not checked is not known to be. */
export function checkExit(groups: readonly CheckGroup[]): number {
  const isFine = groups.every(({ checks }) => checks.every(({ state }) => state === 'ok'))
  return isFine ? exit.fine : exit.findings
}
