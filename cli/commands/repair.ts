import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { dirOption, schemasOption } from '../terminal/run-options.ts'

interface Options {
  readonly dir: string
  readonly schemas?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `repair`: makes again what is lost or damaged of the state of a folder that nothing runs in. */
export function repairCommand({ output }: Cli): Command {
  return new Command('repair')
    .description(
      'Make again what is lost or damaged of the state of a stopped run folder, from the rest of it.',
    )
    .addOption(dirOption())
    .addOption(schemasOption())
    .option('--dry-run', 'name each file and what would become of it, change nothing')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\nA start does the same by itself. Damaged files are kept below damaged/ of the folder.' +
        '\nExit codes: 0 whole, or repaired; 1 damaged (--dry-run); 2 the command failed.' +
        '\n\n  tidemark repair --dry-run\n  tidemark repair --dir .tidemark --schemas schemas',
    )
    .action(async ({ dir, schemas, dryRun = false, json = false }: Options) => {
      if ((await stat(dir).catch(() => undefined))?.isDirectory() !== true)
        throw new PipelineError('run/not-found', `no run in ${dir}`)
      const repairs = dryRun
        ? await looked(dir)
        : await repaired(dir, schemas, (line) => output.progress(line))
      if (json) output.result(JSON.stringify({ isDryRun: dryRun, repairs }))
      else if (repairs.length === 0) output.result('each file of the state is there, as it was written')
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

async function repaired(dir: string, schemas: string | undefined, onLine: (line: string) => void) {
  const { withStoredPipeline } = await import('../../local/run/stored-pipeline.ts')
  const log = {
    info: () => undefined,
    warn: (event: string, fields?: object) => onLine([event, ...Object.values(fields ?? {})].join(' ')),
  }
  const contracts = await chosenContracts(schemas)
  return withStoredPipeline({ dir, contracts, log }, ({ repairs }) => Promise.resolve(repairs))
}
