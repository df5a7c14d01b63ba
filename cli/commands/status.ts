import { Command } from 'commander'
import { PipelineError } from '../../core/failures.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { readJsonFile } from '../../local/pipeline/json-file.ts'
import { runFolder } from '../../local/pipeline/run-folder.ts'
import { runStatus } from '../../local/run/run-status.ts'
import type { Cli } from '../main.ts'
import { paint } from '../output.ts'
import { dirOption } from '../run-options.ts'
import { statusTable } from '../status-table.ts'

export function statusCommand({ output }: Cli): Command {
  return new Command('status')
    .description('What the run in a folder does, or did last.')
    .addOption(dirOption())
    .option('--json', 'the status as one JSON object')
    .action(async ({ dir, json }: { dir: string; json?: boolean }) => {
      const status = await readJsonFile(runFolder(dir).status, runStatus)
      if (status === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
      const isRunning = (await folderHolder(dir)) === status.pid
      if (json === true) output.result(JSON.stringify({ running: isRunning, ...status }))
      else {
        const state = isRunning ? paint(output, 'green', `running, process ${status.pid}`) : 'stopped'
        output.result(`${status.address}  ${state}  as of ${status.at}`)
        output.result(statusTable(status, output))
      }
    })
}
