import { expect, test } from 'vitest'
import { auditText } from '../../cli/view/audit-text.ts'
import { foreignFile } from '../../core/audit/ledger-finding.ts'

const output = { isTerminal: false, columns: 80, result: () => undefined, progress: () => undefined }
const findings = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...foreignFile('s.t v1', `lake/${index}.parquet`),
    severity: 'fault' as const,
  }))

test('what is found and not shown, and what was only counted, is said', () => {
  expect(auditText({ findings: [], more: 0 }, output)).toBe('audit: nothing is missing')
  const lines = auditText({ findings: findings(52), more: 7 }, output).split('\n')
  expect(lines[0]).toBe('audit: 59 faults')
  expect(lines.filter((line) => line.startsWith('- '))).toHaveLength(50)
  expect(lines.slice(-2)).toEqual([
    '… and 2 more: --json has them',
    '… and 7 that were only counted: mend these first',
  ])
})

test('faults that were only counted are not nothing', () => {
  expect(auditText({ findings: [], more: 1 }, output)).toContain('1 fault')
})
