import { Command, Option } from 'commander'
import { diffContracts } from '../../../contract-tools/diff/diff-contracts.ts'
import { readBase } from '../../../contract-tools/diff/git-base.ts'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { readRetired } from '../../../contract-tools/load/retired-file.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption, elapsed, formatOf } from '../../terminal/command-options.ts'
import { exit, paint } from '../../terminal/output.ts'
import { diffCounts, diffMarkdown, diffText } from '../../view/contract/print-diff.ts'
import { findingsGithub } from '../../view/contract/print-findings.ts'

interface DiffOptions {
  readonly contracts: string
  readonly base: string
  readonly format: 'text' | 'json' | 'github' | 'markdown'
  readonly json?: boolean
}

/** `contract diff`: what a branch does to readers of the lake and to rows of the source. */
export function contractDiffCommand({ output }: Cli): Command {
  return new Command('diff')
    .description(
      'Compare the contracts with those of a git commit. Exit code 1 if a released version changes incompatibly.',
    )
    .addOption(contractsFolderOption())
    .option('--base <ref>', 'git ref to compare with, at its merge base with this branch', 'origin/main')
    .addOption(
      new Option('--format <format>', 'github annotates lines of a pull request, markdown is its comment')
        .choices(['text', 'json', 'github', 'markdown'])
        .default('text'),
    )
    .option('--json', 'the differences as one JSON object')
    .addHelpText('after', '\n  tidemark contract diff --base origin/main')
    .action(async (options: DiffOptions) => {
      const folder = await loadContracts(options.contracts, process.cwd())
      tablesOf(folder)
      const base = await readBase(folder.root, options.base)
      const diffs = diffContracts(folder, base, await readRetired(folder.root))
      const findings = diffs.flatMap((diff) => diff.findings)
      const format = formatOf(options)
      if (format === 'json') output.result(JSON.stringify({ base: base.commit, versions: diffs }))
      else if (format === 'markdown') output.result(diffMarkdown(diffs))
      else if (format === 'text') output.result(diffText(diffs))
      else if (findings.length > 0) output.result(findingsGithub(findings))
      const mark = findings.length === 0 ? paint(output, 'green', '✔') : paint(output, 'red', '✘')
      output.progress(`${mark} ${diffCounts(diffs)} since ${base.commit.slice(0, 7)}, ${elapsed()}`)
      process.exitCode = findings.length === 0 ? exit.fine : exit.findings
    })
}
