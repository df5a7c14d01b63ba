import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { runSession, type SessionOptions } from '../run/session.ts'
import type { Cli } from '../terminal/cli.ts'
import { exit } from '../terminal/output.ts'
import {
  contractsOption,
  dirOption,
  durationOption,
  forOption,
  rateOption,
  scaleOption,
  sourceOption,
  tablesOption,
  timeoutOption,
} from '../terminal/run-options.ts'
import { leftOutText } from '../view/left-out-text.ts'
import { proofExit, proofJson, proofText } from '../view/proof-report.ts'

interface CommandOptions {
  readonly dir: string
  readonly contracts?: string
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
  readonly reconcileEvery: number
  readonly schemaCheckEvery: number
  readonly json?: boolean
}

/** `demo`: the embedded PostgreSQL with traffic. */
export function demoCommand(cli: Cli): Command {
  return withCommonOptions(
    new Command('demo').description(
      'Run the whole pipeline on an embedded PostgreSQL with a sample database and live traffic.',
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
      'Run the pipeline on your own PostgreSQL. Contracts are inferred for tables that have none.',
    ),
  )
    .addOption(sourceOption())
    .addOption(tablesOption())
    .option('--slot <name>', 'replication slot, created if missing', 'tidemark')
    .option('--publication <name>', 'publication, created if missing', 'tidemark')
    .option('--reload', 'drop the replication slot, create a new one and reload every table; history is kept')
    .option(
      '--replaced',
      'the source server was replaced (restored or upgraded): start a new epoch and reload every table',
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
    .addOption(contractsOption())
    .addOption(forOption())
    .addOption(timeoutOption())
    .addOption(
      durationOption('--flush <duration>', 'how long rows are buffered for one landing object', 1_000, '1s'),
    )
    .addOption(
      durationOption(
        '--compact-every <duration>',
        'interval between compactions, 0 disables them',
        600_000,
        '10m',
      ),
    )
    .addOption(
      durationOption(
        '--reconcile-every <duration>',
        'interval between reconciliations with the source, 0 disables them',
        900_000,
        '15m',
      ),
    )
    .addOption(
      durationOption(
        '--schema-check-every <duration>',
        'interval between checks of the source catalog for schema changes, 0 checks only at start',
        60_000,
        '1m',
      ),
    )
    .addOption(rateOption())
    .addOption(scaleOption())
    .option('--json', 'print the reconciliation as JSON, the last line of standard output')
}

async function run(
  options: CommandOptions,
  source: string | undefined,
  { output }: Cli,
  isDemo = false,
): Promise<void> {
  const session: SessionOptions = {
    dir: options.dir,
    source,
    tables: options.tables,
    contracts: await chosenContracts(options.contracts),
    readContracts: () => chosenContracts(options.contracts),
    slot: options.slot,
    publication: options.publication,
    reload: options.reload ?? false,
    replaced: options.replaced ?? false,
    rate: options.rate,
    scale: options.scale,
    flushMs: options.flush,
    compactEveryMs: options.compactEvery,
    proveEveryMs: options.reconcileEvery,
    lookEveryMs: options.schemaCheckEvery,
    isDemo,
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
