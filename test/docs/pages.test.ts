import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine } from '../../cli/main.ts'
import { failures } from '../../core/failures/failures.ts'
import { anchorOf, anchorsOf, linksOf } from './page-links.ts'
import { shellCommands } from './shell-commands.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8')

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'aws/README.md',
  'infra/README.md',
  'local/README.md',
  'lake/parquet/README.md',
  ...readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
const quiet = { isTerminal: false, columns: 100, result: () => undefined, progress: () => undefined }
const newCommandLine = await commandLine({ output: quiet, sourceFromEnvironment: undefined })

/* What the command line itself says against words; nothing when it would do what they say. */
async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  const program = newCommandLine()
  const every = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]
  for (const command of every) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    if (command.commands.length === 0) command.action(() => undefined)
  }
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof Error && 'exitCode' in error)) throw error
    if (error.exitCode !== 0) return `${words.join(' ')}: ${error.message}`
  }
  return undefined
}

describe.each(pages)('%s', (file) => {
  const text = read(file)

  test('every link leads to a file, and to a heading of it', () => {
    const wrong = linksOf(text).filter(({ file: name, anchor }) => {
      const path = name === '' ? file : resolve(root, dirname(file), name)
      if (!existsSync(resolve(root, path))) return true
      return anchor !== '' && !anchorsOf(read(path)).has(anchor)
    })
    expect(wrong).toEqual([])
  })

  test('the command line takes every command that the page shows', async () => {
    const commands = shellCommands(text).filter(({ words: [first, second] }) => {
      return first === 'npx' && second === 'tidemark'
    })
    const refused = await Promise.all(commands.map(({ words }) => refusalOf(words.slice(2))))
    expect(refused.filter((one) => one !== undefined)).toEqual([])
  })

  test('every script that it runs is one', () => {
    const named = shellCommands(text).flatMap(({ words: [first, second = '', ...rest] }) => {
      if (first !== 'npm' || second === 'ci' || second === 'install') return []
      return second === 'run' ? (rest.find((word) => !word.startsWith('-')) ?? '') : second
    })
    expect(named.filter((script) => !scripts.includes(script))).toEqual([])
  })

  test('every path of a file or folder of the repository that it names is there', () => {
    const named = [
      ...text.matchAll(/`((?:core|schemas|ingest|formatters|lake|local|cli|test|docs)\/[\w./-]+)`/g),
    ]
    const missing = named.map(([, path]) => path ?? '').filter((path) => !existsSync(resolve(root, path)))
    expect(missing.filter((path) => !Object.hasOwn(failures, path))).toEqual([])
  })
})

test('the contract on the first screen has the lines of the contract it shortens', () => {
  const [, block = ''] = /```ts\n([\s\S]*?)```/.exec(read('README.md')) ?? []
  const contract = new Set(read('schemas/workforce/shifts/v1.ts').split('\n'))
  const lines = block.split('\n').filter((line) => line.trim() !== '' && line.trim() !== '// …')
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter((line) => !contract.has(line))).toEqual([])
})

describe('the reading of pages', () => {
  const words = (text: string) => shellCommands(text).map((command) => command.words.join(' '))

  test('finds the commands that a reader copies', () => {
    const text =
      '```sh\nnpm test      # all\n# npx tidemark never\n```\n```console\n$ npx tidemark query "x"\nnpm ok\n```\n'
    expect(words(text)).toEqual(['npm test', 'npx tidemark query x'])
  })

  test('cuts lists, pipes and loops apart, and looks into substitutions', () => {
    const text =
      '```sh\nuuid="$(aws a --b "$(of c)" | jq .)" && aws d \\\n  --e \'f | g\' > /dev/null; while read -r key; do\n  aws h < i\ndone\n```\n'
    expect(words(text)).toEqual([
      'aws d --e f | g',
      'read -r key',
      'aws a --b SUBSTITUTED',
      'jq .',
      'of c',
      'aws h',
      'done',
    ])
  })

  test('the command line refuses what is none of its own', async () => {
    expect(await refusalOf(['status', '--dir', 'x'])).toBeUndefined()
    expect(await refusalOf(['contract', 'check', '--help'])).toBeUndefined()
    expect(await refusalOf(['status', '--deer', 'x'])).toContain('--deer')
    expect(await refusalOf(['load', 'cancel', '--stack', 'data.json', 'x'])).toContain(
      'missing required argument',
    )
    expect(await refusalOf(['nothing'])).toContain('nothing')
  })

  test('knows headings by the names that GitHub gives them', () => {
    expect(anchorOf('G3 Once')).toBe('g3-once')
    expect(anchorOf('The source’s password, `x_y`: [here](a.md)')).toBe('the-sources-password-x_y-here')
    expect([...anchorsOf('# A\n## B b\n```sh\n# no\n```\n## B b\n')]).toEqual(['a', 'b-b', 'b-b-1'])
    expect(linksOf('[a](b.md#c) [d](#e) [f](https://g) [h](i.md)')).toEqual([
      { file: 'b.md', anchor: 'c' },
      { file: '', anchor: 'e' },
      { file: 'i.md', anchor: '' },
    ])
  })
})
