import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/* Folders that nobody above may be imported into; folders of one number do not know each other. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  schemas: 1,
  cost: 1,
  ingest: 2,
  formatters: 2,
  lake: 2,
  glue: 2,
  engine: 3,
  state: 3,
  aws: 4,
  local: 4,
  handlers: 5,
  'contract-tools': 5,
  stack: 6,
  cli: 7,
  bench: 8,
  docs: 8,
  test: 8,
}

/* A function runs without a machine's stores, and an adapter of AWS knows nothing of them. */
const apart: readonly (readonly [from: string, to: string])[] = [['handlers', 'local']]

/* What only some folders may touch: the outside world stays at the rim. */
const guarded: readonly { readonly module: RegExp; readonly allowed: readonly string[] }[] = [
  { module: /^@(aws-sdk|smithy)\//, allowed: ['aws', 'test'] },
  {
    module: /^(node:)?fs(\/promises)?$/,
    allowed: ['engine', 'aws', 'local', 'contract-tools', 'stack', 'cli', 'test', 'bench', 'docs'],
  },
  { module: /^pg(-|$)/, allowed: ['engine', 'local', 'test', 'bench'] },
  { module: /^@duckdb\//, allowed: ['engine', 'local', 'test', 'bench'] },
  { module: /^commander$/, allowed: ['stack', 'cli'] },
]

/* How many files a room holds before it is two rooms. */
const MOST_FILES = 16

const files = Object.keys(floors).flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)
const product = files.filter((file) => (floors[floorOf(file)] ?? 0) < 8)
const imports = new Map(files.map((file) => [file, importsOf(file)]))

/* Type imports count: who must be read to understand a file is one question, who runs another. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(([, module]) => module ?? [])
}

function floorOf(path: string): string {
  return path.split('/')[0] ?? ''
}

function targetOf(file: string, module: string): string {
  return relative(root, resolve(root, dirname(file), module))
}

function fault(file: string, module: string): string | undefined {
  const from = floorOf(file)
  if (module.startsWith('.')) {
    const to = floorOf(targetOf(file, module))
    const isApart = apart.some(([upper, lower]) => upper === from && lower === to)
    const isBelow = !isApart && (floors[to] ?? Number.POSITIVE_INFINITY) < (floors[from] ?? -1)
    return isBelow || to === from || from === 'test' ? undefined : `${file} -> ${to}/`
  }
  const guard = guarded.find((rule) => rule.module.test(module))
  return guard === undefined || guard.allowed.includes(from) ? undefined : `${file} -> ${module}`
}

/** The edges between `nameOf` of files: of files themselves, or of the rooms they are in. */
function edges(nameOf: (file: string) => string): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map<string, Set<string>>()
  for (const file of product) {
    const name = nameOf(file)
    const targets = all.get(name) ?? new Set()
    all.set(name, targets)
    for (const module of imports.get(file) ?? []) {
      const target = module.startsWith('.') ? targetOf(file, module) : ''
      if (imports.has(target) && nameOf(target) !== name) targets.add(nameOf(target))
    }
  }
  return all
}

/** Circles: what is left when everything that leads to nothing left is taken away, again and again. */
function circular(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const left = new Map([...graph].map(([name, targets]) => [name, new Set(targets)]))
  let ends: readonly string[]
  do {
    ends = [...left].filter(([, targets]) => ![...targets].some((to) => left.has(to))).map(([name]) => name)
    for (const name of ends) left.delete(name)
  } while (ends.length > 0)
  return [...left.keys()].sort()
}

describe('floors', () => {
  test('an import goes down, never up, never sideways', () => {
    expect(files.flatMap((file) => importsOf(file).flatMap((module) => fault(file, module) ?? []))).toEqual(
      [],
    )
  })

  test('no circle of files, type imports included', () => {
    expect(circular(edges((file) => file))).toEqual([])
  })

  test('no circle of rooms, type imports included', () => {
    expect(circular(edges(dirname))).toEqual([])
  })

  test('no room holds more than a few files', () => {
    const rooms = new Map<string, number>()
    for (const file of product) rooms.set(dirname(file), (rooms.get(dirname(file)) ?? 0) + 1)
    expect([...rooms].filter(([, count]) => count > MOST_FILES)).toEqual([])
    process.stdout.write(drawn(rooms))
  })

  test('the rules catch each way of breaking them', () => {
    expect(fault('formatters/bad.ts', '../ingest/capture-batch.ts')).toBe('formatters/bad.ts -> ingest/')
    expect(fault('core/bad.ts', '../cli/main.ts')).toBe('core/bad.ts -> cli/')
    expect(fault('handlers/land/bad.ts', '../../local/run/local-run.ts')).toBe(
      'handlers/land/bad.ts -> local/',
    )
    expect(fault('aws/bad.ts', '../local/run/local-run.ts')).toBe('aws/bad.ts -> local/')
    expect(fault('lake/bad.ts', 'node:fs')).toBe('lake/bad.ts -> node:fs')
    expect(fault('local/bad.ts', '../lake/sql/current-select.ts')).toBeUndefined()
    const graph = (drawing: string) =>
      new Map(drawing.split(' ').map((line) => [line.charAt(0), new Set(line.slice(1))]))
    expect(circular(graph('abc bc c'))).toEqual([])
    expect(circular(graph('ab bc ca d'))).toEqual(['a', 'b', 'c'])
  })

  test('contracts import the contract language and zod, nothing else', () => {
    const contracts = files.filter((file) => /^schemas\/.*\/v\d+\.ts$/.test(file))
    expect(contracts.length).toBeGreaterThan(0)
    for (const file of contracts)
      expect(importsOf(file).filter((module) => module !== '#contract' && module !== 'zod')).toEqual([])
  })

  /* Line by line a literal is as long as it is, and the compiler sees a member that no type has. */
  test('no object literal is spread into another', () => {
    const spread = new RegExp(['\\.{3}', '\\{'].join(''))
    expect(files.filter((file) => spread.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
  })

  test('tests use fakes that implement ports, never module mocks', () => {
    const mocking = new RegExp(['vi', 'mock\\('].join('\\.'))
    const tests = files.filter((file) => file.startsWith('test/'))
    expect(tests.filter((file) => mocking.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
  })
})

/** The floors as they stand, the highest first, with the rooms of each and their files. */
function drawn(rooms: ReadonlyMap<string, number>): string {
  const levels = [...new Set(Object.values(floors))].sort((a, b) => b - a).filter((level) => level < 8)
  return levels
    .map((level) => {
      const folders = Object.keys(floors).filter((folder) => floors[folder] === level)
      const lines = folders.map((folder) => {
        const inside = [...rooms].filter(([room]) => floorOf(room) === folder)
        const count = inside.reduce((sum, [, size]) => sum + size, 0)
        return `  ${folder} (${count}): ${inside.map(([room, size]) => `${relative(folder, room) || '.'} ${size}`).join(', ')}`
      })
      return `floor ${level}\n${lines.join('\n')}\n`
    })
    .join('')
}
