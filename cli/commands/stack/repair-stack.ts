import { Command } from 'commander'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { auditRecords, type LedgerAudit } from '../../../core/audit/audit-records.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { requestAnswer } from '../../../core/operations/answers.ts'
import { repair, repairMissing } from '../../../engine/repair/repair.ts'
import type { RepairParts } from '../../../engine/repair/repair-parts.ts'
import { stackRepairParts } from '../../../stack/operations/stack-repair.ts'
import { functionOf, readStack, type Stack, stackOption } from '../../../stack/stack.ts'
import { operationProgress } from '../../run/run-operation.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import type { Output } from '../../terminal/output.ts'
import { isNothing, type NamedOptions, repairNames, tellRepairs } from '../../view/repair-report.ts'

interface RepairOptions extends NamedOptions {
  readonly stack?: string | readonly string[]
  readonly contracts: string
  readonly missing?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

type Findings = LedgerAudit['findings']

const OVERDUE_MS = 3_600_000

/** `redrive`, the former name of `repair --stack`. */
export function redriveCommand({ output }: Cli): Command {
  return new Command('redrive')
    .description('On AWS: reprocess raw pages and landing objects that an audit reported missing.')
    .addOption(stackOption())
    .addOption(contractsFolderOption())
    .option('--page <key...>', 'with --stack: reprocess these pages of the raw table')
    .option('--object <key...>', 'with --stack: land these objects of landing/changes/ again')
    .option('--file <key...>', 'with --stack: reprocess the sources of these missing history files')
    .option('--missing', 'with --stack: run a full audit and reprocess everything missing')
    .option('--json', 'the result as one JSON object')
    .addHelpText('after', '\n  tidemark redrive --stack data.json --missing')
    .action((options: RepairOptions) => repairStack(options, output))
}

/** `repair --stack`: what an audit of a stack found missing comes again, by name or all of it. */
export async function repairStack(
  {
    stack: files,
    contracts,
    missing = false,
    dryRun: isDryRun = false,
    json = false,
    ...named
  }: RepairOptions,
  output: Output,
): Promise<void> {
  if (files === undefined)
    throw new PipelineError('usage/invalid', 'name the deployment: --stack data.json source.json')
  const names = repairNames(named)
  if (!missing && isNothing(names))
    throw new PipelineError(
      'usage/invalid',
      'nothing to repair was named: --page, --object, --file or --missing',
    )
  const stack = await readStack(files)
  const onProgress = operationProgress(output)
  const result = await withParts(stack, contracts, async (parts, audit) =>
    missing
      ? repairMissing(audit, isDryRun, (all) => repair(all, parts, { isDryRun, onProgress }))
      : repair(names, parts, { isDryRun, onProgress }),
  )
  process.exitCode = tellRepairs(result, { json, after: 'results are in the lake in a few minutes' }, output)
}

/* The SDK is loaded only by who needs it. */
async function withParts<T>(
  stack: Stack,
  contractsFolder: string,
  use: (parts: RepairParts, audit: () => Promise<Findings>) => Promise<T>,
): Promise<T> {
  const { region, bucket, raw_table: rawTable, ledger_table: ledgerTable, systems } = stack.data
  if (!region || !bucket || !rawTable || !ledgerTable || !systems)
    throw new PipelineError('usage/invalid', '--stack: no tidemark_data with its tables and its bucket')
  const [format, land] = [functionOf(stack, 'format').name, functionOf(stack, 'land').name]
  const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
  const { lambdaClient } = await import('../../../aws/calls/clients.ts')
  const { invoke } = await import('../../../aws/lambda/invoke.ts')
  const { openLedger, withAws } = await import('../../../aws/open-aws.ts')
  const { openStackAudit } = await import('../../../aws/audit/stack-audit.ts')
  return withAws({ region }, (aws) => {
    const audit = openStackAudit(aws, tables, { bucket, rawTable, ledgerTable, systems })
    const client = aws.client(lambdaClient)
    /* Only the manifest is written, which does not expire. */
    const ledger = openLedger(aws, ledgerTable, 1)
    const parts = stackRepairParts(audit, ledger, {
      format: (pages) => invoke({ client, name: format }, { pages }, requestAnswer),
      land: (objects) => invoke({ client, name: land }, { objects }, requestAnswer),
    })
    return use(
      parts,
      async () => (await auditRecords(audit, { now: Date.now(), overdueMs: OVERDUE_MS })).findings,
    )
  })
}
