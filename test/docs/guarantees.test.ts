import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(resolve(root, 'docs/02-guarantees.md'), 'utf8')

/* By number, the test files that the page names for it. */
const guarantees = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      /^G\d+/.exec(section)?.[0] ?? section.slice(0, 20),
      [...section.matchAll(/`(test\/[^`]+\.(?:test|contract)\.ts)`/g)].map(([, file]) => file ?? ''),
    ]),
)

/* Names that begin with numbers, `G3: …` or `G1, G7: …`, of every test and group of tests. */
const named = new Map(
  readdirSync(resolve(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:test|contract)\.ts$/.test(name))
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((file) => file !== 'test/docs/guarantees.test.ts')
    .map((file) => [file, guaranteesOf(readFileSync(resolve(root, file), 'utf8'))] as const),
)

function guaranteesOf(text: string): readonly string[] {
  const names = [...text.matchAll(/['"`]((?:G\d+[\s,:]+)+)\S/g)].flatMap(([, list]) => list ?? '')
  return [...new Set(names.flatMap((list) => list.match(/G\d+/g) ?? []))]
}

describe('guarantees', () => {
  test('are ten, each with its section', () => {
    expect([...guarantees.keys()]).toEqual(Array.from({ length: 10 }, (_, index) => `G${index + 1}`))
  })

  test.each([...guarantees.keys()])('%s has a test that carries its number', (guarantee) => {
    const files = [...named].filter(([, found]) => found.includes(guarantee)).map(([file]) => file)
    expect(files).not.toEqual([])
  })

  test('every number in the name of a test is one of them', () => {
    const unknown = [...named].flatMap(([file, found]) =>
      found.filter((guarantee) => !guarantees.has(guarantee)).map((guarantee) => `${file}: ${guarantee}`),
    )
    expect(unknown).toEqual([])
  })

  test('every file that the page names tests the guarantee it is named for', () => {
    const wrong = [...guarantees].flatMap(([guarantee, files]) =>
      files.filter((file) => !named.get(file)?.includes(guarantee)).map((file) => `${guarantee}: ${file}`),
    )
    expect(wrong).toEqual([])
  })

  test('the reading of names finds each form and nothing else', () => {
    expect(guaranteesOf("test('G1, G7: x', () => {})\n])('G5: %s', f)")).toEqual(['G1', 'G7', 'G5'])
    expect(guaranteesOf("describe('G10 a crash', f); test('G2 G3 is', f)")).toEqual(['G10', 'G2', 'G3'])
    expect(guaranteesOf("test('a page', f) // G4 'is' no name")).toEqual([])
  })
})
