import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { runSession, type SessionOptions } from '../run/session.ts'
import type { Cli } from '../terminal/cli.ts'
import { exit } from '../terminal/output.ts'
import {
  dirOption,
  durationOption,
  forOption,
  rateOption,
  scaleOption,
  schemasOption,
  sourceOption,
  tablesOption,
  timeoutOption,
} from '../terminal/run-options.ts'
import { leftOutText } from '../view/left-out-text.ts'
import { proofExit, proofJson, proofText } from '../view/proof-report.ts'

interface CommandOptions {
  readonly dir: string
  readonly schemas?: string
  readonly source?: string
  readonly tables: readonly string[]
  readonly slot: string
  readonly publication: string
  readonly reload?: boolean
  readonly replaced?: boolean
  readonly rate: number
  readonly scale: number
  readonly flush: number
  readonly for?: number
  readonly timeout: number
  readonly compactEvery: number
  readonly proveEvery: number
  readonly lookEvery: number
  readonly json?: boolean
}

/** `demo`: the embedded PostgreSQL with traffic. */
export function demoCommand(cli: Cli): Command {
  return withCommonOptions(
    new Command('demo').description(
      'The whole pipeline on an embedded PostgreSQL with a sample database and live traffic.',
    ),
  )
    .addHelpText('after', '\n  tidemark demo --for 30s')
    .action((options: CommandOptions) =>
      run(
        { ...options, tables: ['workforce.*'], slot: 'tidemark', publication: 'tidemark' },
        undefined,
        cli,
        true,
      ),
    )
}

/** `dev`: the user's own PostgreSQL, or the embedded one. */
export function devCommand(cli: Cli): Command {
  return withCommonOptions(
    new Command('dev').description(
      'The same on your own PostgreSQL: contracts are inferred where none are written.',
    ),
  )
    .addOption(sourceOption())
    .addOption(tablesOption())
    .option('--slot <name>', 'replication slot, made when missing', 'tidemark')
    .option('--publication <name>', 'publication, made when missing', 'tidemark')
    .option('--reload', 'drop our slot, make a new one and load every table again; history stays')
    .option(
      '--replaced',
      'the server takes the place of the one before (restored from a dump, upgraded); loads every table again',
    )
    .addHelpText(
      'after',
      "\n  tidemark dev --source postgres://reader:…@db.example.com/shop --tables 'sales.*' --dir .tidemark-sales",
    )
    .action((options: CommandOptions) => run(options, options.source ?? cli.sourceFromEnvironment, cli))
}

function withCommonOptions(command: Command): Command {
  return command
    .addOption(dirOption())
    .addOption(schemasOption())
    .addOption(forOption())
    .addOption(timeoutOption())
    .addOption(
      durationOption('--flush <duration>', 'how long delivery gathers rows for one object', 1_000, '1s'),
    )
    .addOption(
      durationOption(
        '--compact-every <duration>',
        'time between two compactions, 0 for none',
        600_000,
        '10m',
      ),
    )
    .addOption(
      durationOption(
        '--prove-every <duration>',
        'time between two proofs of equality, 0 for none',
        900_000,
        '15m',
      ),
    )
    .addOption(
      durationOption(
        '--look-every <duration>',
        "time between two looks at the source's catalog, 0 for none but those of a start",
        60_000,
        '1m',
      ),
    )
    .addOption(rateOption())
    .addOption(scaleOption())
    .option('--json', 'last line of standard output: the proof as JSON')
}

async function run(
  options: CommandOptions,
  source: string | undefined,
  { output }: Cli,
  isRehearsed = false,
): Promise<void> {
  const session: SessionOptions = {
    dir: options.dir,
    source,
    tables: options.tables,
    contracts: await chosenContracts(options.schemas),
    readContracts: () => chosenContracts(options.schemas),
    slot: options.slot,
    publication: options.publication,
    reload: options.reload ?? false,
    replaced: options.replaced ?? false,
    rate: options.rate,
    scale: options.scale,
    flushMs: options.flush,
    compactEveryMs: options.compactEvery,
    proveEveryMs: options.proveEvery,
    lookEveryMs: options.lookEvery,
    isRehearsed,
    forMs: options.for,
    timeoutMs: options.timeout,
  }
  const { proof, status } = await runSession(session, output)
  output.progress('')
  output.result(options.json === true ? proofJson(proof, status) : proofText(proof, output))
  if (options.json !== true) for (const line of leftOutText(status.leftOut, output)) output.result(line)
  const isWhole = status.leftOut.length === 0
  process.exitCode = Math.max(proofExit(proof), isWhole ? exit.fine : exit.findings)
}
