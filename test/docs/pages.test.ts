import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failures } from '../../core/failures.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8')

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'local/README.md',
  'lake/parquet/README.md',
  ...readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]

/* The parts of a page that a reader copies: blocks of shell, comments and prompts taken off. */
function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^ *```(?:sh|console)\n([\s\S]*?)^ *```/gm)]
    .flatMap(([, block]) => (block ?? '').split('\n'))
    .filter((line) => /^(\$ )?(npx tidemark|npm (start|test|run))\b/.test(line))
}

/* Everything the command line takes, as the sources of its commands write it. */
const commandLine = readdirSync(resolve(root, 'cli'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(`cli/${name}`))
  .join('\n')
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)

describe.each(pages)('%s', (file) => {
  const text = read(file)

  test('every link to a file leads to one', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '')
    expect(links.filter((link) => !existsSync(resolve(root, dirname(file), link)))).toEqual([])
  })

  test('every command it shows exists, with its options', () => {
    const unknown = commandsOf(text).filter((line) => {
      const command = /npx tidemark ([a-z]+)/.exec(line)?.[1]
      const script = /npm (?:run (?:--silent )?)?([a-z:]+)/.exec(line)?.[1]
      const options = line.replace(/"[^"]*"/g, '').match(/(?<= )--[a-z-]+/g) ?? []
      const own = options.filter((option) => !['--silent', '--help', '--seconds', '--rate'].includes(option))
      const isKnown =
        command === undefined
          ? script !== undefined && scripts.includes(script)
          : commandLine.includes(`new Command('${command}')`)
      return !isKnown || own.some((option) => !commandLine.includes(`'${option}`))
    })
    expect(unknown).toEqual([])
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

test('the reading of commands finds those that a reader copies', () => {
  const text =
    '```sh\nnpm test      # all\n# npx tidemark never\n```\n```console\n$ npx tidemark query "x"\nnpm ok\n```\n'
  expect(commandsOf(text)).toEqual(['npm test      # all', '$ npx tidemark query "x"'])
})
