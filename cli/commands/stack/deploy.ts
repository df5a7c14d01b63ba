import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { compareInfra } from '../../../contract-tools/check/compare-infra.ts'
import { compareLock, hitsOf, shapeOf } from '../../../contract-tools/check/compare-lock.ts'
import { type ContractsFolder, loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { readLock } from '../../../contract-tools/load/lock-file.ts'
import { readRetired } from '../../../contract-tools/load/retired-file.ts'
import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { ContractsFacts } from '../../../stack/deploy/deploy-facts.ts'
import { planDeploy } from '../../../stack/deploy/plan-deploy.ts'
import { readStack, stackOption } from '../../../stack/stack.ts'
import { withStackSession } from '../../../stack/status/stack-session.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit } from '../../terminal/output.ts'
import { deployText } from '../../view/deploy-text.ts'

interface DeployOptions {
  readonly stack?: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  readonly generated: string
  readonly packages: string
  readonly json?: boolean
}

/** `deploy plan`: what differs between a stack and this checkout, as steps in a safe order. */
export function deployCommand(cli: Cli): Command {
  return new Command('deploy')
    .description('Plan a deployment of contracts, functions, catalog and DMS tasks.')
    .addCommand(planCommand(cli))
}

function planCommand({ output }: Cli): Command {
  return new Command('plan')
    .description(
      'Compare an AWS deployment with this checkout and list the steps in a safe order. Read-only.',
    )
    .addOption(stackOption())
    .option('--source-profile <profile>', 'AWS profile of the production account')
    .addOption(contractsFolderOption())
    .option('--generated <folder>', 'output folder of `infra export`', 'infra/generated')
    .option('--packages <folder>', 'output folder of `npm run build:handlers`', 'dist/handlers')
    .option('--json', 'the plan as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 up to date, 1 there are steps, decisions or parts that could not be compared, 2 the command failed.' +
        '\n\n  tidemark deploy plan --stack data.json source.json --source-profile production',
    )
    .action(async (options: DeployOptions) => {
      const { stack: files, sourceProfile, contracts: contractsFolder, generated, packages, json } = options
      if (files === undefined)
        throw new PipelineError('usage/invalid', 'name the deployment: --stack data.json source.json')
      const stack = await readStack(files)
      const folder = await loadContracts(contractsFolder, process.cwd())
      const tables = tablesOf(folder)
      const contracts = await contractsFacts(folder, generated)
      if (json !== true) output.progress('comparing the deployment with this checkout')
      const { readDeploy } = await import('../../../stack/deploy/read-deploy.ts')
      const said = [files].flat().join(' ')
      const { facts, unread } = await withStackSession(
        { stack, tables, files: said, sourceProfile },
        async (session) =>
          readDeploy(session, { folder: packages, contractsAt: await newestIn(folder.root) }),
      )
      const plan = planDeploy({ ...facts, contracts })
      const isFine = plan.steps.length + plan.dangers.length + unread.length === 0
      process.exitCode = isFine ? exit.fine : exit.findings
      output.result(json === true ? JSON.stringify({ ...plan, unread }) : deployText(plan, unread, output))
    })
}

/* When the newest file below a folder was written, epoch milliseconds. */
async function newestIn(root: string): Promise<number> {
  const names = await readdir(root, { recursive: true })
  const files = await Promise.all(names.map((name) => stat(join(root, name))))
  return Math.max(0, ...files.map((file) => (file.isFile() ? file.mtimeMs : 0)))
}

async function contractsFacts(folder: ContractsFolder, generated: string): Promise<ContractsFacts> {
  const changes = compareLock(folder, (await readLock(folder.root)) ?? [], await readRetired(folder.root))
  const moved = changes.filter((change) => change.kind !== 'changed' || change.change.kind !== 'same')
  const { changed, gone } = await compareInfra(tablesOf(folder), generated)
  return {
    unlocked: moved.map((change) => printTableVersion(shapeOf(change))),
    breaks: changes.flatMap((change) =>
      hitsOf(change).map(({ rule, message }) => ({
        version: printTableVersion(shapeOf(change)),
        rule,
        message,
      })),
    ),
    stale: [...changed, ...gone].map((path) => `${generated}/${path}`),
  }
}
