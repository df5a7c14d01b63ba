import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { hitFinding } from '../../../contract-tools/check/check-contracts.ts'
import { compareLock, hitsOf, shapeOf } from '../../../contract-tools/check/compare-lock.ts'
import { indexText } from '../../../contract-tools/load/index-file.ts'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { lockFileName, lockText, readLock } from '../../../contract-tools/load/lock-file.ts'
import { readRetired } from '../../../contract-tools/load/retired-file.ts'
import { plural } from '../../../core/amount-text.ts'
import { tableShape } from '../../../core/contract/evolution/shape.ts'
import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit } from '../../terminal/output.ts'
import { findingsText } from '../../view/contract/print-findings.ts'

interface LockOptions {
  readonly contracts: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `contract lock`: writes the shapes of all versions, unless a version that is locked would break. */
export function contractLockCommand({ output }: Cli): Command {
  return new Command('lock')
    .description(
      'Write lock.json, the schema of every version, and index.ts. Exit code 1 if a version changes incompatibly.',
    )
    .addOption(contractsFolderOption())
    .option('--force', 'even if a version changes incompatibly; only for a version that is not used yet')
    .option('--dry-run', 'show what would change, change nothing')
    .option('--json', 'the changes as one JSON object')
    .addHelpText('after', '\n  tidemark contract lock --contracts schemas')
    .action(async ({ contracts: contractsFolder, force, dryRun, json }: LockOptions) => {
      const folder = await loadContracts(contractsFolder, process.cwd())
      const shapes = tablesOf(folder).map(tableShape)
      const changes = compareLock(folder, (await readLock(folder.root)) ?? [], await readRetired(folder.root))
      const breaks = changes.filter((change) => hitsOf(change).length > 0)
      const moved = changes.filter((change) => change.kind !== 'changed' || change.change.kind !== 'same')
      const isRefused = breaks.length > 0 && force !== true
      if (json === true)
        output.result(
          JSON.stringify({
            written: !isRefused && dryRun !== true,
            changed: moved.map((change) => ({
              version: printTableVersion(shapeOf(change)),
              rules: hitsOf(change),
            })),
          }),
        )
      if (isRefused) {
        for (const change of breaks) {
          const findings =
            change.kind === 'new' || change.kind === 'changed'
              ? hitsOf(change).map((hit) => hitFinding(change.file, hit))
              : []
          output.progress(findings.length > 0 ? findingsText(findings) : (hitsOf(change)[0]?.message ?? ''))
        }
        output.progress(`not written: ${plural(breaks.length, 'released version')} would break`)
        process.exitCode = exit.findings
        return
      }
      for (const change of moved) output.progress(`${change.kind} ${printTableVersion(shapeOf(change))}`)
      if (dryRun === true) return
      await writeFile(join(folder.root, lockFileName), lockText(shapes))
      const index = join(folder.root, 'index.ts')
      if (
        await access(index).then(
          () => true,
          () => false,
        )
      )
        await writeFile(index, indexText(folder))
      output.progress(`${plural(shapes.length, 'version')} in ${folder.shown}/${lockFileName}`)
    })
}
