import { Command, CommanderError } from 'commander'
import { PipelineError } from '../core/failures/failures.ts'
import type { Cli, MakeCommand } from './terminal/cli.ts'
import { formerCommands, takeFormerNames } from './terminal/former-names.ts'
import { chosenCommands, type LazyCommands } from './terminal/lazy-commands.ts'
import { exit, printError, processOutput, withoutSecrets } from './terminal/output.ts'

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
    const makers = await chosenCommands(commandsOf(argv[3]), argv[2])
    await program({ output, sourceFromEnvironment }, makers).parseAsync(argv)
  } catch (error) {
    process.exitCode = exit.failed
    if (!(error instanceof CommanderError)) printError(output, error, isJson)
    else if (error.exitCode === 0) process.exitCode = exit.fine
    else if (isJson)
      printError(output, new PipelineError('usage/invalid', withoutSecrets(error.message)), isJson)
  }
}

/* `word` is the second of the line, which a group of commands loads by. */
const commandsOf = (word: string | undefined): LazyCommands => ({
  demo: async () => (await import('./commands/dev.ts')).demoCommand,
  dev: async () => (await import('./commands/dev.ts')).devCommand,
  query: async () => (await import('./commands/query.ts')).queryCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  reconcile: async () => (await import('./commands/reconcile.ts')).reconcileCommand,
  table: async () => (await import('./commands/table.ts')).tableCommand,
  load: async () => (await import('./commands/load.ts')).loadCommand,
  compact: async () => (await import('./commands/compact.ts')).compactCommand,
  repair: async () => (await import('./commands/repair.ts')).repairCommand,
  quarantine: async () => (await import('./commands/quarantine.ts')).quarantineCommand,
  redrive: async () => (await import('./commands/stack/repair-stack.ts')).redriveCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  contract: async () => (await import('./commands/contract/contract.ts')).contractCommand(word),
  catalog: async () => (await import('./commands/stack/catalog.ts')).catalogCommand,
  cost: async () => (await import('./commands/stack/cost.ts')).costCommand,
  deploy: async () => (await import('./commands/stack/deploy.ts')).deployCommand,
  infra: async () => (await import('./commands/stack/infra.ts')).infraCommand,
  explain: async () => (await import('./commands/contract/explain.ts')).explainCommand,
})

/** What makes the whole command line, each time a new one: every command with its options, for who checks words against it. */
export async function commandLine(cli: Cli): Promise<() => Command> {
  const makers = await chosenCommands(commandsOf(undefined), undefined)
  return () => program(cli, makers)
}

function program(cli: Cli, makers: readonly MakeCommand[]): Command {
  const root = new Command('tidemark')
    .description(
      'Change data capture (CDC) from PostgreSQL to an S3 data lake: typed Parquet, data contracts, verified against the source.',
    )
    .exitOverride()
    /* An unknown word of the command line is repeated; it may be an address in the wrong place. */
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutSecrets(text)) })
    .showHelpAfterError('(tidemark --help lists the commands)')
    .addHelpText(
      'after',
      '\nExit codes: 0 success, 1 findings (for example, source and lake differ), 2 the command failed.\nEvery command takes --json. TIDEMARK_SOURCE is the default of --source.',
    )
  for (const make of makers) {
    const command = make(cli)
    root.addCommand(command, { hidden: formerCommands.has(command.name()) })
  }
  inherit(root)
  return root
}

/* Sub-commands do not take over how their parent ends. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    takeFormerNames(child)
    inherit(child)
  }
}
