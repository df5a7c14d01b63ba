import { Command } from 'commander'
import type { MakeCommand } from '../../terminal/cli.ts'
import { chosenCommands, type LazyCommands } from '../../terminal/lazy-commands.ts'

const commands: LazyCommands = {
  new: async () => (await import('./contract-new.ts')).contractNewCommand,
  infer: async () => (await import('./contract-infer.ts')).contractInferCommand,
  check: async () => (await import('./contract-check.ts')).contractCheckCommand,
  test: async () => (await import('./contract-test.ts')).contractTestCommand,
  diff: async () => (await import('./contract-diff.ts')).contractDiffCommand,
  lock: async () => (await import('./contract-lock.ts')).contractLockCommand,
  detokenise: async () => (await import('./contract-detokenise.ts')).contractDetokeniseCommand,
}

/** `contract new | infer | check | test | diff | lock | detokenise`; `word` is the one after `contract`. */
export async function contractCommand(word: string | undefined): Promise<MakeCommand> {
  const makers = await chosenCommands(commands, word)
  return (cli) => {
    const contract = new Command('contract').description('Write, check, test and version data contracts.')
    for (const make of makers) contract.addCommand(make(cli))
    return contract
  }
}
