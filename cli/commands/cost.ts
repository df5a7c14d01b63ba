import { Command, Option } from 'commander'
import { billOf } from '../../core/cost/bill.ts'
import { leversOf } from '../../core/cost/levers.ts'
import type { PriceSheet } from '../../core/cost/price-sheet.ts'
import { defaultSetup, type Setup } from '../../core/cost/setup.ts'
import { MONTH_SECONDS } from '../../core/cost/units.ts'
import { overPeriod, type Volume } from '../../core/cost/volume.ts'
import { designedMonth, recut, withChanges } from '../../core/cost/what-if.ts'
import { type Basis, costAnswer } from '../cost/cost-answer.ts'
import { costText } from '../cost/cost-text.ts'
import { readSetup, readSheet } from '../cost/read-sheet.ts'
import type { Cli } from '../main.ts'
import { exit } from '../output.ts'
import { parseAmount, parseCount } from '../parse-options.ts'
import { dirOption } from '../run-options.ts'

interface Options {
  readonly dir: string
  readonly region: string
  readonly prices?: string
  readonly setup?: string
  readonly changesPerMonth?: number
  readonly rowBytes?: number
  readonly tables?: number
  readonly units?: boolean
  readonly json?: boolean
}

/** `cost`: what the volume of a run, or of a plan, costs on AWS. */
export function costCommand({ output }: Cli): Command {
  return new Command('cost')
    .description(
      'What changes cost on AWS, by stage and table: of what a run metered, or of a volume to come.',
    )
    .addOption(dirOption())
    .option('--changes-per-month <count>', 'what if there were so many changes, such as 100M', parseAmount)
    .option('--row-bytes <bytes>', 'of rows that nobody metered: bytes as JSON', parseCount(1_000_000))
    .option('--tables <count>', 'of rows that nobody metered: how many tables', parseCount(10_000))
    .addOption(new Option('--region <region>', 'whose list prices').default('eu-west-1'))
    .option('--prices <file>', 'JSON with prices of your own, put over the list')
    .option('--setup <file>', 'JSON with what you deploy otherwise than the stacks of infra/')
    .option('--units', 'every price with its units')
    .option('--json', 'the bill, its units, prices and setup as one JSON object')
    .addHelpText('after', '\nExample: tidemark cost --changes-per-month 100M --row-bytes 600 --tables 40')
    .action(async (options: Options) => {
      const sheet = await readSheet(options.region, options.prices)
      const setup = options.setup === undefined ? defaultSetup : await readSetup(options.setup)
      const { basis, month } = await monthOf(options, setup)
      const answer = answerOf(month, basis, setup, sheet)
      output.result(
        options.json === true ? JSON.stringify(answer) : costText(answer, output, options.units === true),
      )
      process.exitCode = exit.fine
    })
}

function answerOf(month: Volume, basis: Basis, setup: Setup, sheet: PriceSheet) {
  const bill = billOf(month, setup, sheet)
  return costAnswer({ basis, bill, levers: leversOf(month, setup, sheet), setup }, sheet, Date.now())
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
  const { meteredVolume } = await import('../../local/run/metered-volume.ts')
  const metered = await meteredVolume(dir)
  const month = overPeriod(metered, MONTH_SECONDS)
  const isScaled = changesPerMonth !== undefined
  const basis: Basis = { kind: 'run', dir, since: metered.since, seconds: metered.seconds, isScaled }
  return { basis, month: isScaled ? recut(withChanges(month, changesPerMonth), setup) : month }
}
