import { expect, test } from 'vitest'
import { findingsGithub, findingsText } from '../../cli/view/contract/print-findings.ts'

const findings = [
  { file: 'a,b/v1.ts', line: 14, column: 5, rule: 'C104', message: '100 % the name', fix: 'Say: more.' },
  { file: 'v1.ts', line: 1, column: 1, rule: 'C101', message: 'broken', fix: '' },
]

test('for people a finding is file, place, rule and message, with the fix below', () => {
  expect(findingsText(findings)).toBe(
    'a,b/v1.ts:14:5: C104: 100 % the name\n  fix: Say: more.\nv1.ts:1:1: C101: broken',
  )
})

test('what to do is said once, and again only where it is something else', () => {
  const [first, second] = findings
  if (first === undefined || second === undefined) throw new Error('two findings are above')
  const shown = findingsText([first, { ...first, line: 20 }, { ...second, fix: 'Other.' }])
  expect(shown.match(/fix: .*/g)).toEqual(['fix: Say: more.', 'fix: Other.'])
})

test('for GitHub it is an escaped workflow command', () => {
  expect(findingsGithub(findings)).toBe(
    '::error file=a%2Cb/v1.ts,line=14,col=5,title=C104::100 %25 the name%0Afix: Say: more.\n' +
      '::error file=v1.ts,line=1,col=1,title=C101::broken',
  )
})
