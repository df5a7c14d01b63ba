import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/* Folders that nobody above may be imported into; folders of one number do not know each other. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  schemas: 1,
  ingest: 2,
  formatters: 2,
  lake: 2,
  glue: 2,
  aws: 3,
  local: 3,
  cli: 4,
  handlers: 4,
  bench: 5,
  docs: 5,
  test: 5,
}

/* What only some folders may touch: the outside world stays at the rim. */
const guarded: readonly { readonly module: RegExp; readonly allowed: readonly string[] }[] = [
  { module: /^@(aws-sdk|smithy)\//, allowed: ['aws', 'test'] },
  { module: /^(node:)?fs(\/promises)?$/, allowed: ['aws', 'local', 'cli', 'test', 'bench', 'docs'] },
  { module: /^pg(-|$)/, allowed: ['local', 'test', 'bench'] },
  { module: /^@duckdb\//, allowed: ['local', 'test', 'bench'] },
  { module: /^commander$/, allowed: ['cli'] },
]

const files = Object.keys(floors).flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(([, module]) => module ?? [])
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? ''
}

function fault(file: string, module: string): string | undefined {
  const from = folderOf(file)
  if (module.startsWith('.')) {
    const to = folderOf(relative(root, resolve(root, dirname(file), module)))
    const isBelow = (floors[to] ?? Number.POSITIVE_INFINITY) < (floors[from] ?? -1)
    return isBelow || to === from || from === 'test' ? undefined : `${file} -> ${to}/`
  }
  const guard = guarded.find((rule) => rule.module.test(module))
  return guard === undefined || guard.allowed.includes(from) ? undefined : `${file} -> ${module}`
}

describe('floors', () => {
  test('an import goes down, never up, never sideways', () => {
    expect(files.flatMap((file) => importsOf(file).flatMap((module) => fault(file, module) ?? []))).toEqual(
      [],
    )
  })

  test('the rule catches each way of breaking it', () => {
    expect(fault('formatters/bad.ts', '../ingest/capture-batch.ts')).toBe('formatters/bad.ts -> ingest/')
    expect(fault('core/bad.ts', '../cli/main.ts')).toBe('core/bad.ts -> cli/')
    expect(fault('lake/bad.ts', 'node:fs')).toBe('lake/bad.ts -> node:fs')
    expect(fault('local/bad.ts', '../lake/current-sql.ts')).toBeUndefined()
  })

  test('contracts import the contract language and zod, nothing else', () => {
    const contracts = files.filter((file) => /^schemas\/.*\/v\d+\.ts$/.test(file))
    expect(contracts.length).toBeGreaterThan(0)
    for (const file of contracts)
      expect(importsOf(file).filter((module) => module !== '#contract' && module !== 'zod')).toEqual([])
  })

  test('tests use fakes that implement ports, never module mocks', () => {
    const mocking = new RegExp(['vi', 'mock\\('].join('\\.'))
    const tests = files.filter((file) => file.startsWith('test/'))
    expect(tests.filter((file) => mocking.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
  })
})
