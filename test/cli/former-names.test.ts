import { expect, test } from 'vitest'
import { commandLine } from '../../cli/main.ts'

const quiet = { isTerminal: false, columns: 100, result: () => undefined, progress: () => undefined }
const newCommandLine = await commandLine({ output: quiet, sourceFromEnvironment: undefined })

/* The options that the words give a command, and whether they count as said. */
async function optionsOf(...words: readonly string[]) {
  const program = newCommandLine()
  const command =
    words[0] === 'contract' ? program.commands.flatMap(({ commands }) => commands) : program.commands
  const found = command.find((one) => one.name() === (words[0] === 'contract' ? words[1] : words[0]))
  if (found === undefined) throw new Error(`no command ${words.join(' ')}`)
  found.action(() => undefined)
  await program.parseAsync([...words], { from: 'user' })
  return { options: found.opts(), sourceOf: (name: string) => found.getOptionValueSource(name), found }
}

test.each([
  ['dev', '--schemas', 'mine', 'contracts', 'mine'],
  ['doctor', '--schemas', 'mine', 'contracts', 'mine'],
  ['dev', '--prove-every', '2m', 'reconcileEvery', 120_000],
  ['dev', '--look-every', '0s', 'schemaCheckEvery', 0],
])('%s takes the former name %s for the option of today', async (command, former, value, name, wanted) => {
  const { options, sourceOf, found } = await optionsOf(command, former, value)
  expect(options[name]).toBe(wanted)
  expect(sourceOf(name)).toBe('cli')
  expect(found.helpInformation()).not.toContain(former)
})

test('a flag without a value and a sub-command take theirs as well', async () => {
  expect((await optionsOf('reconcile', '--heal')).options['repair']).toBe(true)
  expect((await optionsOf('contract', 'check', '--schemas', 'mine')).options['contracts']).toBe('mine')
})

test('the default of today holds when neither name is said', async () => {
  const { options, sourceOf } = await optionsOf('doctor')
  expect(options['contracts']).toBe('schemas')
  expect(sourceOf('contracts')).toBe('default')
})

test('redrive is taken still, and help lists repair in its place', async () => {
  expect(newCommandLine().helpInformation()).not.toMatch(/^ {2}redrive/m)
  expect((await optionsOf('redrive', '--missing')).options['missing']).toBe(true)
  expect((await optionsOf('repair', '--missing', '--stack', 'data.json')).options['missing']).toBe(true)
})
