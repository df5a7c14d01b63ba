import { isValid, type SampleResult } from '../../../contract-tools/check/test-contracts.ts'
import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import { groupBy } from '../../../core/group-by.ts'
import { alignedTable } from '../../terminal/output.ts'
import { findingsGithub } from './print-findings.ts'

/** One line for each version, and below it the values that differ, by column. Samples hold invented values: they may be shown. */
export function resultsText(results: readonly SampleResult[]): string {
  const versions = byVersion(results)
  const rows = versions.map(([name, own]) => [
    own.every(isValid) ? '✔' : '✘',
    name,
    String(own.filter(({ kind }) => kind === 'pass').length),
    String(own.filter(({ kind }) => kind === 'fail').length),
    String(own.filter((result) => !isValid(result)).length),
  ])
  const table = alignedTable(['', 'contract', 'pass', 'fail', 'differ'], rows)
  const details = results.filter((result) => !isValid(result)).map(differenceText)
  return [table, ...details].join('\n\n')
}

/** Samples that differ, as GitHub shows them at their files. */
export function resultsGithub(failed: readonly SampleResult[]): string {
  return findingsGithub(
    failed.map((result) => ({
      file: result.shown,
      line: 1,
      column: 1,
      rule: 'sample',
      message: linesOf(result).join('\n'),
      fix: '',
    })),
  )
}

export function resultsJson(results: readonly SampleResult[]): string {
  const list = results.map(({ table, version, shown, kind, differences, fault }) => ({
    table,
    version,
    file: shown,
    kind,
    differences,
    ...(fault === undefined ? {} : { fault }),
  }))
  return JSON.stringify({ valid: results.every(isValid), samples: list })
}

function differenceText(result: SampleResult): string {
  return [result.shown, ...linesOf(result).map((line) => `  ${line}`)].join('\n')
}

function linesOf({ fault, differences }: SampleResult): readonly string[] {
  if (fault !== undefined) return [fault]
  return differences.map(({ column, expected, got }) => {
    const name = column === '' ? 'row' : column
    return `${name}: expected ${shown(expected)}, got ${shown(got)}`
  })
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}

function byVersion(
  results: readonly SampleResult[],
): readonly (readonly [string, readonly SampleResult[]])[] {
  return [...groupBy(results, ({ table, version }) => printTableVersion({ name: table, version }))]
}
