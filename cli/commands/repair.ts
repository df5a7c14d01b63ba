import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { stackOption } from '../../stack/stack.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'
import { repairStack } from './stack/repair-stack.ts'

interface Options {
  readonly dir: string
  readonly contracts?: string
  readonly stack?: string | readonly string[]
  readonly page?: readonly string[]
  readonly object?: readonly string[]
  readonly file?: readonly string[]
  readonly missing?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `repair`: makes again what is lost or damaged of the state of a folder that nothing runs in. */
export function repairCommand({ output }: Cli): Command {
  return new Command('repair')
    .description(
      'Rebuild lost or damaged state files of a stopped run folder from the rest of it; with --stack, reprocess what an audit reported missing.',
    )
    .addOption(dirOption())
    .addOption(contractsOption())
    .option('--dry-run', 'list each file and what would be done, change nothing')
    .addOption(stackOption())
    .option('--page <key...>', 'with --stack: reprocess these pages of the raw table')
    .option('--object <key...>', 'with --stack: land these objects of landing/changes/ again')
    .option('--file <key...>', 'with --stack: reprocess the sources of these missing history files')
    .option('--missing', 'with --stack: run a full audit and reprocess everything missing')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\nA start does the same automatically. Damaged files are kept in damaged/ of the run folder.' +
        '\nExit codes: 0 intact or repaired; 1 damaged (--dry-run), or something was not repaired; 2 the command failed.' +
        '\n\n  tidemark repair --dry-run\n  tidemark repair --dir .tidemark --contracts schemas' +
        '\n  tidemark repair --stack data.json --missing',
    )
    .action(async (options: Options, command: Command) => {
      const { dir, contracts: contractsFolder, stack, dryRun = false, json = false } = options
      const isSaid = (option: string) => command.getOptionValueSource(option) === 'cli'
      if (isSaid('stack') && (isSaid('dir') || dryRun))
        throw new PipelineError('usage/invalid', '--stack excludes --dir and --dry-run')
      /* A folder that is named is meant, whatever the environment says. */
      if (stack !== undefined && !isSaid('dir'))
        return repairStack({ ...options, stack, contracts: contractsFolder ?? 'schemas' }, output)
      if (isSaid('page') || isSaid('object') || isSaid('file') || isSaid('missing'))
        throw new PipelineError('usage/invalid', '--page, --object, --file and --missing need --stack')
      if ((await stat(dir).catch(() => undefined))?.isDirectory() !== true)
        throw new PipelineError('run/not-found', `no run in ${dir}`)
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
