import { Command, CommanderError } from 'commander'
import { PipelineError } from '../core/failures.ts'
import { catalogCommand } from './commands/catalog.ts'
import { compactCommand } from './commands/compact.ts'
import { contractCheckCommand } from './commands/contract-check.ts'
import { contractDiffCommand } from './commands/contract-diff.ts'
import { contractInferCommand } from './commands/contract-infer.ts'
import { contractLockCommand } from './commands/contract-lock.ts'
import { contractNewCommand } from './commands/contract-new.ts'
import { contractTestCommand } from './commands/contract-test.ts'
import { demoCommand, devCommand } from './commands/dev.ts'
import { explainCommand } from './commands/explain.ts'
import { loadCommand } from './commands/load.ts'
import { quarantineCommand } from './commands/quarantine.ts'
import { queryCommand } from './commands/query.ts'
import { reconcileCommand } from './commands/reconcile.ts'
import { replayCommand } from './commands/replay.ts'
import { statusCommand } from './commands/status.ts'
import { exit, type Output, printError, processOutput } from './output.ts'

/** What every command gets: where to write, and the environment's part of its settings. */
export interface Cli {
  readonly output: Output
  /** Of TIDEMARK_SOURCE: a source that should not show in the list of processes. */
  readonly sourceFromEnvironment: string | undefined
}

/** Runs one command line and sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const output = processOutput()
  // biome-ignore lint/style/noProcessEnv: the command line is where the environment is read
  const { TIDEMARK_SOURCE: sourceFromEnvironment } = process.env
  const isJson = argv.includes('--json')
  /* A reader such as `head` may close the pipe first; that is its right and no error. */
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exit.fine)
  })
  try {
    await program({ output, sourceFromEnvironment }).parseAsync(argv)
  } catch (error) {
    process.exitCode = exit.failed
    if (!(error instanceof CommanderError)) printError(output, error, isJson)
    else if (error.exitCode === 0) process.exitCode = exit.fine
    else if (isJson) printError(output, new PipelineError('usage/invalid', error.message), isJson)
  }
}

function program(cli: Cli): Command {
  const root = new Command('tidemark')
    .description('Every change of your databases in the lake as typed Parquet, proven equal to the source.')
    .exitOverride()
    .showHelpAfterError('(tidemark --help lists the commands)')
    .addHelpText(
      'after',
      '\nExit codes: 0 fine, 1 findings (source and lake differ), 2 the command failed.\nEvery command takes --json. TIDEMARK_SOURCE may hold what --source takes.',
    )
  const contract = new Command('contract').description('Contracts: what the lake accepts of a source table.')
  const makers = [
    contractNewCommand,
    contractInferCommand,
    contractCheckCommand,
    contractTestCommand,
    contractDiffCommand,
    contractLockCommand,
  ]
  for (const make of makers) contract.addCommand(make(cli))
  const commands = [
    demoCommand(cli),
    devCommand(cli),
    queryCommand(cli),
    statusCommand(cli),
    reconcileCommand(cli),
    loadCommand(cli),
    compactCommand(cli),
    quarantineCommand(cli),
    replayCommand(cli),
    contract,
    catalogCommand(cli),
    explainCommand(cli),
  ]
  for (const command of commands) root.addCommand(command)
  inherit(root)
  return root
}

/* Sub-commands do not take over how their parent ends. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    inherit(child)
  }
}
