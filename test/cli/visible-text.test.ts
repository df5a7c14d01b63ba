import { expect, test } from 'vitest'
import { alignedTable, type Output, printError } from '../../cli/terminal/output.ts'
import { harmless, visible } from '../../cli/terminal/visible-text.ts'
import { PipelineError } from '../../core/failures/failures.ts'

test.each([
  ['\x1b[2J\x1b]0;title\x07', '\\x1b[2J\\x1b]0;title\\x07'],
  ['a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['\x00\x7f\x9b31m', '\\x00\\x7f\\x9b31m'],
  ['\u202eabc\u2069\u2028', '\\u202eabc\\u2069\\u2028'],
  ['Ünïcode 李娜 😀 ⏎', 'Ünïcode 李娜 😀 ⏎'],
])('no character of a value acts on a terminal: %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('text of ours keeps its lines and colours, and nothing else', () => {
  expect(harmless('\x1b[31mred\x1b[0m\nline\ttab')).toBe('\x1b[31mred\x1b[0m\nline\ttab')
  expect(harmless('\x1b[2J\x1b[31;1m\x9b2J')).toBe('\\x1b[2J\x1b[31;1m\\x9b2J')
})

test('neither a table nor an error lets them through', () => {
  expect(alignedTable(['name'], [['\x1b[2Jx\r']])).toContain('\\x1b[2Jx\\r')
  const lines: string[] = []
  const output: Output = {
    isTerminal: true,
    columns: 80,
    result: (text) => lines.push(text),
    progress: (text) => lines.push(text),
  }
  printError(output, new PipelineError('usage/invalid', 'no table \x1b[8mx\x1b]0;t\x07'), false)
  expect(lines[0]).toContain('no table \\x1b[8mx\\x1b]0;t\\x07')
  printError(output, new PipelineError('usage/invalid', 'no table \x1b[8mx'), true)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ error: { message: 'no table \x1b[8mx' } })
})
