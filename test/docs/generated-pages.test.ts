import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { contractRules } from '../../contract-tools/check/contract-rules.ts'
import { rules } from '../../core/contract/check/rules.ts'
import { evolutionRules } from '../../core/contract/evolution/evolution-rules.ts'
import { failures } from '../../core/failures/failures.ts'
import { generatedPages } from '../../docs/generated-pages.ts'

const docs = resolve(import.meta.dirname, '../../docs')

test.each(generatedPages)(
  'docs/$file says what the code says; `npm run docs` writes it',
  ({ file, text }) => {
    const page = readFileSync(resolve(docs, file), 'utf8')
    expect(page).toBe(text(page))
  },
)

test('every failure code has its place on the page of failures', () => {
  const page = readFileSync(resolve(docs, 'failures.md'), 'utf8')
  const headings = [...page.matchAll(/^### `(.+)`$/gm)].map(([, code]) => code)
  expect(headings.toSorted()).toEqual(Object.keys(failures).toSorted())
})

test('every rule of contracts has its place on the page of rules, once', () => {
  const page = readFileSync(resolve(docs, 'rules.md'), 'utf8')
  const listed = [...page.matchAll(/^- \*\*(\w+)\*\* /gm)].map(([, id]) => id)
  const all = [rules, contractRules, evolutionRules].flatMap((table) => Object.keys(table))
  expect(listed.toSorted()).toEqual(all.toSorted())
})
