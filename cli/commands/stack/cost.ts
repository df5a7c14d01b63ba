import { Command, Option } from 'commander'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Basis } from '../../../cost/basis.ts'
import { billOf } from '../../../cost/bill.ts'
import { leversOf } from '../../../cost/levers.ts'
import { defaultSetup, type Setup } from '../../../cost/setup.ts'
import { MONTH_SECONDS } from '../../../cost/units.ts'
import { overPeriod, type Volume } from '../../../cost/volume.ts'
import { designedMonth, recut, withChanges } from '../../../cost/what-if.ts'
import { readSetup, readSheet } from '../../../stack/cost/read-sheet.ts'
import { readStack, stackOption } from '../../../stack/stack.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit, type Output } from '../../terminal/output.ts'
import { parseAmount, parseCount, parseDuration } from '../../terminal/parse-options.ts'
import { dirOption } from '../../terminal/run-options.ts'
import { type CostAnswer, costAnswer } from '../../view/cost/cost-answer.ts'
import { costText } from '../../view/cost/cost-text.ts'

interface Options {
  readonly dir: string
  readonly stack?: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  readonly since: number
  readonly region?: string
  readonly prices?: string
  readonly setup?: string
  readonly changesPerMonth?: number
  readonly rowBytes?: number
  readonly tables?: number
  readonly commitRows?: number
  readonly table?: string
  readonly units?: boolean
  readonly json?: boolean
}

const DEFAULT_REGION = 'eu-west-1'

/** `cost`: what the volume of a run, of a stack or of a plan costs on AWS. */
export function costCommand({ output }: Cli): Command {
  return new Command('cost')
    .description(
      'Estimate AWS cost by stage and table, for a local run, an AWS deployment or a planned volume.',
    )
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--source-profile <profile>', 'with --stack: AWS profile of the production account')
    .addOption(
      new Option('--since <duration>', 'with --stack: period of the CloudWatch metrics')
        .argParser(parseDuration)
        .default(7 * 86_400_000, '7d'),
    )
    .addOption(contractsFolderOption())
    .option('--changes-per-month <count>', 'estimate for this volume, such as 100M', parseAmount)
    .option('--row-bytes <bytes>', 'row size as JSON, where nothing was metered', parseCount(1_000_000))
    .option('--tables <count>', 'number of tables, where nothing was metered', parseCount(10_000))
    .option('--commit-rows <count>', 'changes per transaction and table (default: 1)', parseCount(100_000))
    .option(
      '--region <region>',
      `AWS region of the list prices (default: that of the stack, else ${DEFAULT_REGION})`,
    )
    .option('--prices <file>', 'JSON file with your own prices, overriding the list prices')
    .option('--setup <file>', 'JSON file with settings that differ from the stacks of infra/')
    .option('--table <name>', 'only one source table')
    .option('--units', 'show every price with its units')
    .option('--json', 'the bill, its units, prices and setup as one JSON object')
    .addHelpText(
      'after',
      '\n  tidemark cost --dir .tidemark --units' +
        '\n  tidemark cost --changes-per-month 100M --row-bytes 600 --tables 40' +
        '\n  tidemark cost --stack data.json source.json --since 7d',
    )
    .action(async (options: Options, command: Command) => {
      const { commitRows } = options
      const deployed = options.setup === undefined ? defaultSetup : await readSetup(options.setup)
      const setup = commitRows === undefined ? deployed : { ...deployed, commitRows }
      const answer = isOfStack(command)
        ? await answerOfStack(options, setup, output)
        : await answerOf(options, setup)
      const text = () => costText(answer, output, options.units === true)
      output.result(options.json === true ? JSON.stringify(answer) : text())
      process.exitCode = exit.fine
    })
}

/* What is said on the line is meant, whatever the environment says. Throws `usage/invalid` for what excludes each other. */
function isOfStack(command: Command): boolean {
  const isSaid = (option: string) => command.getOptionValueSource(option) === 'cli'
  const others = ['dir', 'changesPerMonth', 'rowBytes', 'tables', 'commitRows'].filter(isSaid)
  if (isSaid('stack') && others.length > 0)
    throw new PipelineError(
      'usage/invalid',
      '--stack uses metered values and excludes --dir and volume options',
    )
  const isStack = command.getOptionValue('stack') !== undefined && others.length === 0
  if (!isStack && isSaid('since'))
    throw new PipelineError('usage/invalid', '--since needs --stack: a run is metered from its start')
  return isStack
}

async function answerOf(options: Options, setup: Setup): Promise<CostAnswer> {
  const sheet = await readSheet(options.region ?? DEFAULT_REGION, options.prices)
  const { basis, month } = await monthOf(options, setup)
  const bill = billOf(month, setup, sheet, options.table)
  /* What a setting changes, it changes for all tables. */
  const levers = options.table === undefined ? leversOf(month, setup, sheet) : []
  return costAnswer({ basis, bill, levers, setup }, sheet, Date.now())
}

async function answerOfStack(options: Options, setup: Setup, output: Output): Promise<CostAnswer> {
  const {
    stack: files = [],
    sourceProfile,
    contracts: contractsFolder,
    since: sinceMs,
    json,
    table,
  } = options
  const stack = await readStack(files)
  const sheet = await readSheet(options.region ?? stack.data.region ?? DEFAULT_REGION, options.prices)
  const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
  if (json !== true) output.progress('asking CloudWatch')
  const { withStackSession } = await import('../../../stack/status/stack-session.ts')
  const { stackBill } = await import('../../../stack/cost/stack-bill.ts')
  const asked = { stack, tables, files: [files].flat().join(' '), sourceProfile }
  const { basis, bill } = await withStackSession(asked, (session) =>
    stackBill(session, { sinceMs, setup, sheet, table }),
  )
  return costAnswer({ basis, bill, levers: [], setup }, sheet, Date.now())
}

/* Rows of a size that was said are of no run. */
async function monthOf(
  { dir, changesPerMonth, rowBytes, tables }: Options,
  setup: Setup,
): Promise<{ readonly basis: Basis; readonly month: Volume }> {
  if (rowBytes !== undefined || tables !== undefined) {
    const design = {
      changesPerMonth: changesPerMonth ?? 100e6,
      rowBytes: rowBytes ?? 500,
      tables: tables ?? 10,
    }
    return { basis: { kind: 'design', ...design }, month: designedMonth(design, setup) }
  }
  const { meteredVolume } = await import('../../../local/run/status/metered-volume.ts')
  const metered = await meteredVolume(dir)
  const month = overPeriod(metered, MONTH_SECONDS)
  const isScaled = changesPerMonth !== undefined
  const basis: Basis = { kind: 'run', dir, since: metered.since, seconds: metered.seconds, isScaled }
  return { basis, month: isScaled ? recut(withChanges(month, changesPerMonth), setup) : month }
}
