import { commandLine } from '../../cli/main.ts'
import { describeError, printError } from '../../cli/terminal/output.ts'

type Command = ReturnType<Awaited<ReturnType<typeof commandLine>>>

/** What a person has of a command: what it printed, how it ended, and of a failure its code. */
export interface Told {
  readonly exit: number
  readonly code: string | undefined
  readonly printed: string
}

/** What a person types along with every command of a run: its folder, contracts and source. */
export interface Usual {
  readonly dir: string
  readonly schemas: string
  readonly source: string
  /** What a start is given, and nothing else knows. */
  readonly start: readonly string[]
}

/** Runs a command through the command line that a person types it into, with the usual options that it has. */
export async function typed(words: readonly string[], usual: Usual): Promise<Told> {
  const lines: string[] = []
  const take = (text: string) => void lines.push(text)
  const output = { isTerminal: false, columns: 200, result: take, progress: take }
  const root = (await commandLine({ output, sourceFromEnvironment: usual.source }))()
  const before = process.exitCode
  process.exitCode = 0
  let code: string | undefined
  try {
    await root.parseAsync(['node', 'tidemark', ...words, ...usualOf(root, words, usual)])
  } catch (error) {
    process.exitCode = 2
    code = describeError(error).code
    printError(output, error, false)
  }
  const exit = Number(process.exitCode)
  process.exitCode = before
  return { exit, code, printed: lines.join('\n') }
}

function usualOf(root: Command, words: readonly string[], { dir, schemas, start }: Usual): readonly string[] {
  let command = root
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word)
    if (next === undefined) break
    command = next
  }
  const given = [
    ['--dir', dir],
    ['--contracts', schemas],
  ].flatMap(([name = '', value = '']) =>
    command.options.some(({ long }) => long === name) && !words.includes(name) ? [name, value] : [],
  )
  return [...given, ...(command.name() === 'dev' ? start : [])]
}
