import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import type { RepairNames } from '../../core/audit/repair-names.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { RepairResult } from '../../core/operations/answers.ts'
import { repairMissing } from '../../engine/repair/repair.ts'
import { stackOption } from '../../stack/stack.ts'
import { runOperation } from '../run/run-operation.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'
import { isNothing, type NamedOptions, repairNames, tellRepairs } from '../view/repair-report.ts'
import { repairStack } from './stack/repair-stack.ts'

interface Options extends NamedOptions {
  readonly dir: string
  readonly contracts?: string
  readonly stack?: string | readonly string[]
  readonly missing?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/**
 * `repair`: makes again what an audit found lost or damaged, by name or all of it; without a name, the state files of a folder
 * that nothing runs in.
 */
export function repairCommand(cli: Cli): Command {
  const { output } = cli
  return new Command('repair')
    .description(
      'Reprocess what an audit reported missing or damaged: pages, landing objects, history and load files. Without any of them, rebuild lost or damaged state files of a stopped run folder from the rest of it.',
    )
    .addOption(dirOption())
    .addOption(contractsOption())
    .option('--dry-run', 'list what would be done, change nothing')
    .addOption(stackOption())
    .option('--page <key...>', 'reprocess these raw pages')
    .option('--object <key...>', 'land these objects of landing/changes/ again')
    .option('--file <key...>', 'reprocess the sources of these history files, or land these load files again')
    .option('--missing', 'run a full audit and reprocess everything it names')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\n`tidemark status --audit` prints these commands with the names; the process that runs in the folder, if any, performs them.' +
        '\nA start rebuilds state files automatically. Damaged files are kept in damaged/ of the run folder.' +
        '\nExit codes: 0 intact or repaired; 1 damaged (--dry-run), or something was not repaired; 2 the command failed.' +
        '\n\n  tidemark repair --dry-run\n  tidemark repair --dir .tidemark --contracts schemas' +
        '\n  tidemark repair --missing\n  tidemark repair --stack data.json --missing',
    )
    .action(async (options: Options, command: Command) => {
      const { dir, contracts: contractsFolder, stack, dryRun = false, json = false } = options
      const isSaid = (option: string) => command.getOptionValueSource(option) === 'cli'
      if (isSaid('stack') && isSaid('dir')) throw new PipelineError('usage/invalid', '--stack excludes --dir')
      /* A folder that is named is meant, whatever the environment says. */
      if (stack !== undefined && !isSaid('dir'))
        return repairStack({ ...options, stack, contracts: contractsFolder ?? 'schemas' }, output)
      if ((await stat(dir).catch(() => undefined))?.isDirectory() !== true)
        throw new PipelineError('run/not-found', `no run in ${dir}`)
      if (options.missing === true || !isNothing(repairNames(options))) return repairNamed(options, cli)
      const repairs = dryRun
        ? await looked(dir)
        : await repaired(dir, contractsFolder, (line) => output.progress(line))
      if (json) output.result(JSON.stringify({ isDryRun: dryRun, repairs }))
      else if (repairs.length === 0) output.result('every state file is present and intact')
      else
        output.result(
          alignedTable(
            ['file', 'was', dryRun ? 'to do' : 'now'],
            repairs.map(({ name, state, says }) => [name, state, says]),
          ),
        )
      process.exitCode = dryRun && repairs.length > 0 ? exit.findings : exit.fine
    })
}

/* In the process that runs in the folder, or here under its lock. */
async function repairNamed(options: Options, cli: Cli): Promise<void> {
  const { dir, missing = false, dryRun: isDryRun = false, json = false } = options
  const named = async (names: RepairNames): Promise<RepairResult> =>
    isNothing(names)
      ? { isDryRun, repairs: [] }
      : runOperation(cli, options, { kind: 'repair', ...names, isDryRun })
  const audit = async () => {
    const { auditFolder } = await import('../../local/recovery/audit-folder.ts')
    const { runFolder } = await import('../../local/state/run-folder.ts')
    return (await auditFolder(runFolder(dir))).findings
  }
  const result = missing ? await repairMissing(audit, isDryRun, named) : await named(repairNames(options))
  process.exitCode = tellRepairs(result, { json }, cli.output)
}

async function looked(dir: string) {
  const { examineFolder } = await import('../../local/recovery/examine-folder.ts')
  const { remedyOf } = await import('../../local/recovery/remedies.ts')
  const { runFolder } = await import('../../local/state/run-folder.ts')
  const damages = await examineFolder(runFolder(dir))
  return damages.map((damage) => ({ ...damage, says: remedyOf(damage.name).says }))
}

async function repaired(dir: string, contractsFolder: string | undefined, onLine: (line: string) => void) {
  const { withStoredPipeline } = await import('../../local/run/stored-pipeline.ts')
  const log = {
    info: () => undefined,
    warn: (event: string, fields?: object) => onLine([event, ...Object.values(fields ?? {})].join(' ')),
  }
  const contracts = await chosenContracts(contractsFolder)
  return withStoredPipeline({ dir, contracts, log }, ({ repairs }) => Promise.resolve(repairs))
}
