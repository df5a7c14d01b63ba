import { Command } from 'commander'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { count } from '../../../core/amount-text.ts'
import { auditRecords, type LedgerAudit } from '../../../core/audit/audit-records.ts'
import { findRecoverySource } from '../../../core/audit/recovery-source.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import {
  namesOf,
  type Redriven,
  type RedriveParts,
  redriveStack,
  requestAnswer,
} from '../../../stack/operations/stack-redrive.ts'
import { functionOf, readStack, type Stack, stackOption } from '../../../stack/stack.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit, type Output } from '../../terminal/output.ts'

interface RedriveOptions {
  readonly stack?: string | readonly string[]
  readonly contracts: string
  readonly page?: readonly string[]
  readonly object?: readonly string[]
  readonly file?: readonly string[]
  readonly missing?: boolean
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
    .action((options: RedriveOptions) => repairStack(options, output))
}

/** `repair --stack`: what an audit of a stack found missing comes again, by name or all of it. */
export async function repairStack(options: RedriveOptions, output: Output): Promise<void> {
  const { stack: files, missing, json } = options
  if (files === undefined)
    throw new PipelineError('usage/invalid', 'name the deployment: --stack data.json source.json')
  const given = { pages: options.page ?? [], objects: options.object ?? [], files: options.file ?? [] }
  if (missing !== true && Object.values(given).every(({ length }) => length === 0))
    throw new PipelineError(
      'usage/invalid',
      'nothing to repair was named: --page, --object, --file or --missing',
    )
  const stack = await readStack(files)
  const { done, failed } = await withParts(stack, options.contracts, async (parts, audit) => {
    return missing === true ? redriveMissing(audit, parts) : redriveStack(given, parts)
  })
  process.exitCode = failed.length === 0 ? exit.fine : exit.findings
  if (json === true) return output.result(JSON.stringify({ done, failed }))
  for (const { name, reason } of failed) output.result(`- ${name}: ${reason}`)
  output.result(
    `${count(done.length)} reprocessed, ${count(failed.length)} failed; results are in the lake in a few minutes`,
  )
}

/* An object that is landed brings the blocks of many pages: only what is missing after it is formatted again. */
async function redriveMissing(audit: () => Promise<Findings>, parts: RedriveParts): Promise<Redriven> {
  const { objects, ...rest } = namesOf(await audit())
  if (objects.length === 0) return redriveStack({ objects, ...rest }, parts)
  const landed = await redriveStack({ objects, pages: [], files: [] }, parts)
  const others = await redriveStack({ ...namesOf(await audit()), objects: [] }, parts)
  return { done: [...landed.done, ...others.done], failed: [...landed.failed, ...others.failed] }
}

/* The SDK is loaded only by who needs it. */
async function withParts<T>(
  stack: Stack,
  contractsFolder: string,
  use: (parts: RedriveParts, audit: () => Promise<Findings>) => Promise<T>,
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
    return use(
      {
        format: (pages) => invoke({ client, name: format }, { pages }, requestAnswer),
        land: (objects) => invoke({ client, name: land }, { objects }, requestAnswer),
        findRecoverySource: (file) => findRecoverySource(file, audit),
        forget: (day, file) => ledger.replaceFiles({ ...day, added: [], removed: [file] }),
      },
      async () => (await auditRecords(audit, { now: Date.now(), overdueMs: OVERDUE_MS })).findings,
    )
  })
}
