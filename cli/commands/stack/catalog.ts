import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { DefinitionsPlan } from '../../../aws/glue/catalog-definitions.ts'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { beforeFunctions } from '../../../glue/catalog-plan.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { planText } from '../../../glue/plan-text.ts'
import { readStack, stackOption } from '../../../stack/stack.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit } from '../../terminal/output.ts'

interface CatalogOptions {
  readonly contracts: string
  readonly stack?: readonly string[]
  readonly region?: string
  readonly prefix?: string
  readonly root?: string
  readonly endpoint?: string
  readonly json?: boolean
}

interface ApplyOptions extends CatalogOptions {
  readonly allowBreaking?: boolean
  readonly beforeFunctions?: boolean
  readonly autoApprove?: boolean
}

/** `catalog plan | apply`: databases, history tables and views in Glue, out of the contracts. */
export function catalogCommand(cli: Cli): Command {
  return new Command('catalog')
    .description('Plan and apply the Glue Data Catalog from the contracts.')
    .addCommand(planCommand(cli))
    .addCommand(applyCommand(cli))
}

function planCommand({ output }: Cli): Command {
  return withPlace(new Command('plan'))
    .description('Show what would change in Glue. Exit codes: 0 no changes, 1 changes, 2 the command failed.')
    .addHelpText(
      'after',
      '\n  tidemark catalog plan --stack data.json\n  tidemark catalog plan --region eu-west-1 --root s3://tidemark-lake',
    )
    .action((options: CatalogOptions) =>
      withPlan(options, async ({ changes }) => {
        output.result(options.json === true ? JSON.stringify({ changes }) : planText(changes))
        process.exitCode = changes.length === 0 ? exit.fine : exit.findings
      }),
    )
}

function applyCommand({ output }: Cli): Command {
  return withPlace(new Command('apply'))
    .description(
      'Show the plan, ask for approval and apply it. Exit codes: 0 applied or no changes, 2 the command failed.',
    )
    .option('--allow-breaking', 'also apply breaking changes (dropped or narrowed columns)')
    .option('--before-functions', 'apply only the changes that must precede the deployment of new functions')
    .option('--auto-approve', 'do not ask for approval')
    .addHelpText('after', '\n  tidemark catalog apply --stack data.json')
    .action((options: ApplyOptions) =>
      withPlan(options, async ({ changes: all, apply }) => {
        const changes = options.beforeFunctions === true ? beforeFunctions(all) : all
        if (options.json !== true) output.result(planText(changes))
        if (changes.length > 0) {
          const isBreaking = changes.some((change) => change.class === 'breaking')
          /* What will be refused is not asked about. */
          const isAsked = options.autoApprove !== true && (options.allowBreaking === true || !isBreaking)
          if (isAsked) await approve(options.json === true)
          await apply(options.allowBreaking === true, changes)
          if (options.json !== true) output.progress('Applied.')
        }
        if (options.json === true) output.result(JSON.stringify({ applied: changes }))
      }),
    )
}

function withPlace(command: Command): Command {
  return command
    .addOption(contractsFolderOption())
    .addOption(stackOption())
    .option('--region <region>', 'AWS region, without --stack')
    .option('--root <url>', 'lake bucket, without --stack: s3://bucket')
    .option('--prefix <text>', 'prefix of every Glue database name, such as dev_')
    .option('--endpoint <url>', 'endpoint of an AWS emulator, for tests')
    .option('--json', 'the plan as one JSON object')
}

/** Where the catalog and the lake are: of a stack, or as the options say, which come first. */
async function placeOf({ stack, ...given }: CatalogOptions) {
  const found = stack === undefined ? {} : (await readStack(stack)).data
  const { region = found.region, prefix = found.catalog_prefix ?? '' } = given
  const [, named] = /^s3:\/\/([a-z0-9.-]+)\/?$/.exec(given.root ?? '') ?? []
  if (given.root !== undefined && named === undefined)
    throw new PipelineError('usage/invalid', '--root must be s3://bucket')
  const bucket = named ?? found.bucket
  if (region === undefined || bucket === undefined)
    throw new PipelineError(
      'usage/invalid',
      'name the catalog: --stack data.json, or --region and --root s3://bucket',
    )
  if (!/^[a-z0-9_]*$/.test(prefix))
    throw new PipelineError(
      'usage/invalid',
      '--prefix may have lower-case letters, digits and underscores only',
    )
  return { region, bucket, prefix }
}

/* The SDK is loaded only by who needs it. */
async function withPlan(
  options: CatalogOptions,
  use: (plan: DefinitionsPlan) => Promise<void>,
): Promise<void> {
  const { region, bucket, prefix } = await placeOf(options)
  const tables = tablesOf(await loadContracts(options.contracts, process.cwd())).map(catalogTable)
  const { glueClient } = await import('../../../aws/calls/clients.ts')
  const { glueTables } = await import('../../../aws/glue/glue-tables.ts')
  const { planDefinitions } = await import('../../../aws/glue/catalog-definitions.ts')
  const { openObjects, withAws } = await import('../../../aws/open-aws.ts')
  const { endpoint } = options
  await withAws({ region, ...(endpoint === undefined ? {} : { endpoint }) }, async (aws) => {
    const glue = glueTables({ client: aws.client(glueClient), retry: aws.retry })
    const place = { glue, prefix, root: `s3://${bucket}`, objects: openObjects(aws, bucket) }
    await use(await planDefinitions(place, tables))
  })
}

async function approve(isJson: boolean): Promise<void> {
  if (isJson || process.stdin.isTTY !== true)
    throw new PipelineError('usage/invalid', 'no terminal to ask for approval: use --auto-approve')
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question('Apply these changes? Only "yes" is accepted: ')
    if (answer !== 'yes') throw new PipelineError('usage/invalid', 'not approved; nothing was applied')
  } finally {
    prompt.close()
  }
}
