import { runSample, type SampleDifference } from '../../formatters/run-sample.ts'
import { type ContractsFolder, tablesOf } from '../load/load-contracts.ts'
import { readSamples } from '../load/sample-files.ts'

/** What came of one sample: nothing differs, values that differ, or it could not be read. */
export interface SampleResult {
  readonly table: string
  readonly version: number
  readonly file: string
  readonly shown: string
  readonly kind: 'pass' | 'fail' | 'unreadable'
  readonly differences: readonly SampleDifference[]
  readonly fault: string | undefined
}

/** Runs every sample of the tables that match. Throws `contract/invalid` when a contract does not load. */
export async function testContracts(
  folder: ContractsFolder,
  matches: (table: string) => boolean,
  from: string,
): Promise<readonly SampleResult[]> {
  const tables = tablesOf(folder)
  const results: SampleResult[] = []
  for (const [index, contract] of folder.files.entries()) {
    const table = tables[index]
    if (table === undefined || !matches(table.name)) continue
    for (const { file, shown, sample, fault } of await readSamples(folder, contract, from))
      results.push({
        table: table.name,
        version: table.version,
        file,
        shown,
        kind: sample?.kind ?? 'unreadable',
        differences: sample === undefined ? [] : runSample(table, sample),
        fault,
      })
  }
  return results
}

export function isValid({ fault, differences }: SampleResult): boolean {
  return fault === undefined && differences.length === 0
}
