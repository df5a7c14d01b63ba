import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isWhole } from '../support/budget.ts'
import { reader } from './reader.ts'
import { steady } from './varying.ts'
import { applyHunks, stepsOf, withOutputs } from './walkthrough-page.ts'
import { isWriting } from './write-docs.ts'

const docs = resolve(import.meta.dirname, '../../docs')
/* When the new output is right: TIDEMARK_WRITE_DOCS=1 npx vitest run test/docs/walkthrough.test.ts */
const pages = ['09-a-new-column.md', '10-a-refused-row.md']

describe('walkthroughs', () => {
  test.concurrent.each(isWhole() || isWriting() ? pages : pages.slice(1))(
    '%s shows what its commands print',
    async (name) => {
      const file = resolve(docs, name)
      const page = await readFile(file, 'utf8')
      await using someone = await reader()
      const outputs: string[] = []
      for (const step of stepsOf(page)) {
        if (step.kind === 'edit') {
          await someone.edit(step.diff)
          continue
        }
        const output = await someone.run(step.command)
        const isSame = steady(output) === steady(step.shown)
        /* What only varies stays as the page has it, so that writing twice changes nothing. */
        outputs.push(isSame ? step.shown : output)
        if (!isWriting())
          expect(steady(output), `${name}:${step.line} $ ${step.command}`).toBe(steady(step.shown))
      }
      expect(outputs.length).toBeGreaterThan(5)
      if (isWriting()) await writeFile(file, withOutputs(page, outputs))
    },
    240_000,
  )
})

describe('the reading of a page', () => {
  const page =
    'Text\n\n```console\n$ one\nshown 1\nshown 2\n$ two \\\n  more\n```\n\n```diff\n--- a/x.ts\n+++ b/x.ts\n@@ @@\n a\n-b\n+c\n```\n'

  test('commands go with the output below them, edits stand between', () => {
    expect(stepsOf(page)).toEqual([
      { kind: 'command', command: 'one', shown: 'shown 1\nshown 2', line: 4 },
      { kind: 'command', command: 'two \\\n  more', shown: '', line: 7 },
      { kind: 'edit', diff: '--- a/x.ts\n+++ b/x.ts\n@@ @@\n a\n-b\n+c', line: 12 },
    ])
  })

  test('output is replaced, commands and everything else stay', () => {
    expect(withOutputs(page, ['shown 1\nshown 2', ''])).toBe(page)
    expect(withOutputs(page, ['new', 'other'])).toBe(
      page.replace('shown 1\nshown 2', 'new').replace('  more\n', '  more\nother\n'),
    )
  })

  test('an edit fits in one place or fails', () => {
    expect(applyHunks('a\nb\nd\n', '@@ @@\n a\n-b\n+c')).toBe('a\nc\nd\n')
    expect(() => applyHunks('a\nx\n', '@@ @@\n a\n-b\n+c')).toThrow('fits in 0 places')
    expect(() => applyHunks('a\nb\na\nb\n', '@@ @@\n a\n-b\n+c')).toThrow('fits in 2 places')
  })
})

describe('what varies', () => {
  test.each([
    ['✔   0.1 s  PostgreSQL on 127.0.0.1:43691, data', '✔  12.7 s  PostgreSQL on 127.0.0.1:5, data'],
    ['db  stopped  as of 2026-11-23T09:54:39.516Z', 'db  stopped  as of 2027-01-02T10:00:00.001Z'],
    [
      'captured 0/s → formatted 9/s → landed 1,234/s; x; 178 MB',
      'captured 7/s → formatted 0/s → landed 5/s; x; 9 MB',
    ],
    [
      'captured 1/s · formatted 2/s · landed 3/s · behind 4 pages · quarantine 0 · memory 173 MB · loading 3 of 6 tables\nequal',
      'equal',
    ],
    ['lake is current, fresh after 2,122 ms (p99 2,122 ms); 1 MB', 'lake is current; 2 MB'],
  ])('%s is as good as another time of it', (one, other) => {
    expect(steady(one)).toBe(steady(other))
  })

  test.each([
    ['workforce.shops 5 5 0 equal', 'workforce.shops 5 6 0 equal'],
    ['"updated_at":"2026-03-02T08:15:31Z"', '"updated_at":"2026-03-02T08:15:32Z"'],
    ['2 changes: 2 redriven', '2 changes: 1 redriven'],
    ['3 pages behind; 1 MB', 'lake is current; 1 MB'],
    ['(exit code 1)', '(exit code 2)'],
  ])('%s is not', (one, other) => {
    expect(steady(one)).not.toBe(steady(other))
  })
})
