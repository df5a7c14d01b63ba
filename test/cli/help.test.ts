import { expect, test } from 'vitest'
import { commandLine } from '../../cli/main.ts'

const quiet = { isTerminal: false, columns: 100, result: () => undefined, progress: () => undefined }
const newCommandLine = await commandLine({ output: quiet, sourceFromEnvironment: undefined })

type Command = ReturnType<typeof newCommandLine>

/* Commands that do something, by their words: `load start`. */
function leaves(command: Command, words: readonly string[] = []): ReadonlyMap<string, Command> {
  const all = command.commands.flatMap((child) => [...leaves(child, [...words, child.name()])])
  return new Map(all.length === 0 ? [[words.join(' '), command]] : all)
}

function helpOf(words: string): string {
  let text = ''
  const command = leaves(newCommandLine()).get(words)
  command?.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

test.each([...leaves(newCommandLine()).keys()])(
  'the help of %s ends with a command that is taken',
  async (words) => {
    const examples = [...helpOf(words).matchAll(/^ {2}tidemark (.*)$/gm)].map(([, example = '']) => example)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      expect(example.startsWith(words)).toBe(true)
      const program = newCommandLine()
      for (const command of leaves(program).values()) command.action(() => undefined)
      const arguments_ = example.match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'(.*)'$/, '$1')) ?? []
      await program.parseAsync(arguments_, { from: 'user' })
    }
  },
)
